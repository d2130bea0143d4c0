"""Restarts the model registry after one of its secrets was rotated."""

import os
from typing import Any

import boto3

__all__ = ["handler", "redeploy"]


def handler(_event: Any, _context: Any) -> None:
    """Restart the service that the environment names."""
    redeploy(boto3.client("ecs"), cluster=os.environ["CLUSTER"], service=os.environ["SERVICE"])


def redeploy(ecs: Any, *, cluster: str, service: str) -> None:
    """Replace the tasks one by one; new ones read the secrets anew."""
    ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)
