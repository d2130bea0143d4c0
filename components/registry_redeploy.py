"""Restarts the model registry when one of its secrets is newer than its tasks.

Runs as a function on a schedule, with boto3 and nothing else. A finished rotation is an event too,
but one that only an account with a CloudTrail trail delivers (EventBridge user guide, "AWS service
events delivered via CloudTrail"); comparing dates needs no trail and misses nothing.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3

__all__ = ["handler", "restart_if_stale"]


def handler(_event: Any, _context: Any) -> dict[str, bool]:
    """Look after the service that the environment names."""
    restarted = restart_if_stale(
        boto3.client,
        cluster=os.environ["CLUSTER"],
        service=os.environ["SERVICE"],
        database=os.environ["DATABASE"],
        secret=os.environ["ROTATED"],
    )
    return {"restarted": restarted}


def restart_if_stale(
    client: Any, *, cluster: str, service: str, database: str, secret: str
) -> bool:
    """Replace the tasks one by one if they were started before a rotation; new ones read anew.

    Args:
        client: Maker of AWS clients, by name of the service.
        cluster: Name of the ECS cluster.
        service: Name of the ECS service.
        database: Identifier of the RDS instance whose managed password is read.
        secret: Name of the administrator's secret.

    Returns:
        Whether a restart was begun. A service that does not exist yet needs none.
    """
    ecs = client("ecs")
    started = _started(ecs, cluster, service)
    if started is None:
        return False
    stale = any(moment > started for moment in _rotations(client, database, secret))
    if stale:
        ecs.update_service(cluster=cluster, service=service, forceNewDeployment=True)
    return stale


def _started(ecs: Any, cluster: str, service: str) -> datetime | None:
    """Return when the newest deployment began: all tasks that stay are at least as new."""
    found = ecs.describe_services(cluster=cluster, services=[service])["services"]
    moments = [item["createdAt"] for one in found for item in one["deployments"]]
    return max(moments, default=None)


def _rotations(client: Any, database: str, secret: str) -> Iterator[datetime]:
    """Yield when each of the two secrets was last rotated, if it ever was."""
    [instance] = client("rds").describe_db_instances(DBInstanceIdentifier=database)["DBInstances"]
    secrets = client("secretsmanager")
    for secret_id in (secret, instance["MasterUserSecret"]["SecretArn"]):
        rotated = secrets.describe_secret(SecretId=secret_id).get("LastRotatedDate")
        if rotated is not None:
            yield rotated
