"""Lambda function that restarts the model registry when a secret is newer than its tasks.

Runs on a schedule and requires boto3 only. Rotation also emits an event, but only an account with a
CloudTrail trail receives it (EventBridge user guide, "AWS service events delivered via
CloudTrail"); comparing dates requires no trail and misses no rotation.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3


def handler(_event: Any, _context: Any) -> dict[str, bool]:
    """Check the service that the environment names."""
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
    """Start a rolling restart if the tasks are older than a rotation; new tasks reread the secrets.

    Args:
        client: Factory of AWS clients by service name.
        cluster: Name of the ECS cluster.
        service: Name of the ECS service.
        database: Identifier of the RDS instance with the managed password.
        secret: Name of the administrator's secret.

    Returns:
        Whether a restart was started. A service that does not exist yet needs none.
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
    """Return the start of the newest deployment, a lower bound for the age of its tasks."""
    found = ecs.describe_services(cluster=cluster, services=[service])["services"]
    moments = [item["createdAt"] for one in found for item in one["deployments"]]
    return max(moments, default=None)


def _rotations(client: Any, database: str, secret: str) -> Iterator[datetime]:
    """Yield the last rotation of each of the two secrets, if any."""
    [instance] = client("rds").describe_db_instances(DBInstanceIdentifier=database)["DBInstances"]
    secrets = client("secretsmanager")
    for secret_id in (secret, instance["MasterUserSecret"]["SecretArn"]):
        rotated = secrets.describe_secret(SecretId=secret_id).get("LastRotatedDate")
        if rotated is not None:
            yield rotated
