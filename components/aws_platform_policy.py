"""Who may write to the log bucket, the key and the alarm topic that all components share."""

from collections.abc import Mapping
from typing import Any

from components import iam
from components.aws_names import AwsScope, arn, log_group_arn

__all__ = ["key_statements", "log_bucket_statements", "topic_policy"]

Conditions = Mapping[str, Mapping[str, Any]]


def log_bucket_statements(scope: AwsScope, bucket: str) -> list[dict[str, Any]]:
    """Return who may write logs below which prefix of the bucket with this ARN."""
    account = scope["account_id"]
    # The CDN's log delivery lives in us-east-1, flow logs in the stack's region.
    sources = sorted({f"arn:aws:logs:us-east-1:{account}:*", arn(scope, "logs", "*")})
    vended: Conditions = {**iam.service_source(scope), "ArnLike": {"aws:SourceArn": sources}}
    balancers: Conditions = {
        "ArnLike": {"aws:SourceArn": arn(scope, "elasticloadbalancing", "loadbalancer/*")}
    }
    put, logs = ["s3:PutObject"], f"AWSLogs/{account}/*"
    writers: list[tuple[str, str, str, Conditions]] = [
        ("S3AccessLogs", "logging.s3", "s3/*", iam.service_source(scope)),
        ("VendedLogs", "delivery.logs", logs, vended),
        ("LoadBalancerLogs", "logdelivery.elasticloadbalancing", f"alb/{logs}", balancers),
    ]
    return [
        *(
            iam.allow_service(
                sid, f"{service}.amazonaws.com", put, [f"{bucket}/{path}"], conditions=conditions
            )
            for sid, service, path, conditions in writers
        ),
        iam.allow_service(
            "VendedLogsAcl",
            "delivery.logs.amazonaws.com",
            ["s3:GetBucketAcl"],
            [bucket],
            conditions=vended,
        ),
    ]


def key_statements(scope: AwsScope) -> list[dict[str, Any]]:
    """Return which services encrypt with the shared key: log groups, and topic publishers."""
    groups = [
        log_group_arn(scope, f"/{owner}/mobile-ai-{scope['stack']}-*")
        for owner in ("aws/lambda", "mobile-ai")
    ]
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    logs = iam.allow_service(
        "EncryptLogGroups",
        f"logs.{scope['region']}.amazonaws.com",
        [*use, "kms:DescribeKey", "kms:Encrypt"],
        ["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
    publishers = [
        iam.allow_service(
            f"PublishBy{service.title()}",
            f"{service}.amazonaws.com",
            use,
            ["*"],
            conditions=iam.service_source(scope),
        )
        for service in ("budgets", "cloudwatch", "costalerts")
    ]
    return [logs, *publishers]


def topic_policy(scope: AwsScope, topic: str, services: list[str]) -> str:
    """Return the policy of the topic with this ARN: named services publish, over TLS only."""
    publish = [
        iam.allow_service(
            f"PublishBy{service.title()}",
            f"{service}.amazonaws.com",
            ["sns:Publish"],
            [topic],
            conditions=iam.service_source(scope),
        )
        for service in services
    ]
    # A topic policy may hold only actions that a topic has; `sns:*` is refused by SNS.
    insecure = {**iam.deny_insecure([topic]), "Action": "sns:Publish"}
    return iam.document(insecure, *publish)
