"""Container definition, IAM rights and image policies of the registry, as plain values."""

import json
from pathlib import Path
from typing import Any, Final

from mobile_ai.components import functions
from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import (
    AwsScope,
    arn,
    bucket_arn,
    log_group_arn,
    log_group_name,
    physical_name,
)

SERVER_PORT: Final = 5000
"""Port of the MLflow server."""
DATABASE_PORT: Final = 5433  # not the engine's default (FSBP RDS.23)
"""Port of PostgreSQL."""
DATABASE_NAME: Final = "mlflow"
"""Database of the registry."""
_ROOT_CA: Final = "/etc/ssl/rds/global-bundle.pem"  # installed by the image build
_USER: Final = "10001:10001"
_KEEP_IMAGES: Final = 500  # a release may be rolled back to an old one
_START: Final = Path(functions.__file__).with_name("registry_start.py")


def server_log_group(scope: AwsScope) -> str:
    """Return the log group of the server."""
    return log_group_name(scope, "service", "registry")


def database_parameter(scope: AwsScope) -> str:
    """Return the SSM parameter with the database's address and secret ARN."""
    return f"/{physical_name(scope, 'registry')}/database"


def auth_secret_name(scope: AwsScope) -> str:
    """Return the name of the secret with the administrator's password."""
    return physical_name(scope, "registry-auth")


def container_definitions(scope: AwsScope, *, image: str, domain: str, artifacts: str) -> str:
    """Return the server's container: no root, only ``/tmp`` writable, no secrets.

    Every value is known at preview, so that rules can evaluate the image there.
    """
    environment = {
        "ALLOWED_HOSTS": domain,
        "ARTIFACTS": f"s3://{artifacts}/artifacts",
        "AUTH_SECRET_NAME": auth_secret_name(scope),
        "AWS_DEFAULT_REGION": scope["region"],
        "DATABASE_PARAMETER": database_parameter(scope),
        "DATABASE_ROOT_CA": _ROOT_CA,
        "PORT": str(SERVER_PORT),
    }
    logs = {
        "awslogs-group": server_log_group(scope),
        "awslogs-region": scope["region"],
        "awslogs-stream-prefix": "server",
    }
    container = {
        "name": "server",
        "image": image,
        "essential": True,
        "entryPoint": ["python", "-c"],
        "command": [_START.read_text(encoding="utf-8")],
        "user": _USER,
        "privileged": False,
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}, "initProcessEnabled": True},
        "environment": [{"name": key, "value": value} for key, value in environment.items()],
        "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}],  # noqa: S108
        "portMappings": [{"containerPort": SERVER_PORT, "protocol": "tcp"}],
        "logConfiguration": {"logDriver": "awslogs", "options": logs},
    }
    return json.dumps([container], sort_keys=True)


def execution_rights(scope: AwsScope, repository: str, *, key_alias: str) -> list[dict[str, Any]]:
    """Return the execution role's rights: pull one repository's image, write one log."""
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [
        # The token is for the whole registry of the account (ECR user guide).
        iam.allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
        iam.allow("PullImage", pull, [arn(scope, "ecr", f"repository/{repository}")]),
        iam.log_writer(log_group_arn(scope, server_log_group(scope))),
        iam.use_key(scope, key_alias, actions=["kms:Decrypt"]),
    ]


def task_rights(scope: AwsScope, *, artifacts: str, key_alias: str) -> list[dict[str, Any]]:
    """Return the server's rights: its artifacts, its two secrets and its key."""
    bucket = bucket_arn(artifacts)
    objects = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    read = ["secretsmanager:GetSecretValue"]
    parameter = arn(scope, "ssm", f"parameter{database_parameter(scope)}")
    return [
        iam.allow("Artifacts", objects, [f"{bucket}/artifacts/*"]),
        iam.allow("ListArtifacts", ["s3:ListBucket"], [bucket]),
        iam.allow("DatabasePlace", ["ssm:GetParameter"], [parameter]),
        _managed_password(scope, read),
        iam.allow("AuthSecret", read, [_secret(scope, f"{auth_secret_name(scope)}-??????")]),
        iam.use_key(scope, key_alias),
    ]


def rotation_rights(scope: AwsScope, *, key_alias: str) -> list[dict[str, Any]]:
    """Return the rights to rotate the administrator's password."""
    actions = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"]
    secret = _secret(scope, f"{auth_secret_name(scope)}-??????")
    return [
        iam.allow("Rotate", [f"secretsmanager:{verb}" for verb in actions], [secret]),
        iam.allow("MakePassword", ["secretsmanager:GetRandomPassword"], ["*"]),
        iam.use_key(
            scope, key_alias, actions=["kms:Decrypt", "kms:GenerateDataKey"], sid="UseRegistryKey"
        ),
    ]


def restart_rights(scope: AwsScope) -> list[dict[str, Any]]:
    """Return the rights to restart the service: rotation dates of two secrets, and one service."""
    registry = physical_name(scope, "registry")
    service = arn(scope, "ecs", f"service/{registry}/{registry}")
    described = ["secretsmanager:DescribeSecret"]
    return [
        iam.allow("Restart", ["ecs:DescribeServices", "ecs:UpdateService"], [service]),
        iam.allow("FindDatabase", ["rds:DescribeDBInstances"], [_database(scope)]),
        _managed_password(scope, described),
        iam.allow("AuthSecret", described, [_secret(scope, f"{auth_secret_name(scope)}-??????")]),
    ]


def image_lifecycle() -> str:
    """Return the repository's lifecycle policy: untagged and excess images expire."""
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 14,
    }
    oldest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": _KEEP_IMAGES}
    rules = [
        {
            "rulePriority": at,
            "description": text,
            "selection": selection,
            "action": {"type": "expire"},
        }
        for at, (text, selection) in enumerate(
            [("untagged after two weeks", untagged), (f"at most {_KEEP_IMAGES}", oldest)], start=1
        )
    ]
    return json.dumps({"rules": rules}, sort_keys=True)


def image_policy(scope: AwsScope) -> str:
    """Return the policy of the image repository: functions of this account may pull."""
    functions = arn(scope, "lambda", f"function:mobile-ai-{scope['stack']}-*")
    statement = iam.allow_service(
        "PullForFunctions",
        "lambda.amazonaws.com",
        ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        [],
        # The only condition key that Lambda sends here (Lambda developer guide, "Create a Lambda
        # function using a container image", permissions of the repository).
        conditions={"ArnLike": {"aws:SourceArn": functions}},
    )
    # A repository policy has no Resource: it is the repository.
    del statement["Resource"]
    return iam.document(statement)


def _database(scope: AwsScope) -> str:
    return arn(scope, "rds", f"db:{physical_name(scope, 'registry')}")


def _managed_password(scope: AwsScope, actions: list[str]) -> dict[str, Any]:
    """Return a statement on the RDS-managed password, matched by the tag with its instance."""
    tag = "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn"
    mine = {"StringEquals": {tag: _database(scope)}}
    return iam.allow("DatabaseLogin", actions, [_secret(scope, "rds!db-*")], conditions=mine)


def _secret(scope: AwsScope, name: str) -> str:
    return arn(scope, "secretsmanager", f"secret:{name}")


def repository_name(image: str) -> str:
    """Return the ECR repository of ``registry-host/repository@sha256:…``."""
    reference = image.partition("@")[0]
    return reference.partition("/")[2] or reference
