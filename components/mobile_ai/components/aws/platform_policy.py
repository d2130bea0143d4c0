"""Resource policies of the shared log bucket, key and topics."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, arn, log_group_patterns

Publisher = Literal["budgets", "cloudwatch", "costalerts"]
"""Service that may publish to a topic of the stack, and therefore use the topics' key."""

_Conditions = Mapping[str, Mapping[str, Any]]


def log_bucket_statements(scope: AwsScope, bucket: str) -> list[dict[str, Any]]:
    """Return the statements that let each log source write below its prefix of the bucket."""
    account = scope["account_id"]
    # The CDN's log delivery lives in us-east-1, flow logs in the stack's region.
    sources = sorted({f"arn:aws:logs:us-east-1:{account}:*", arn(scope, "logs", "*")})
    vended: _Conditions = {**iam.service_source(scope), "ArnLike": {"aws:SourceArn": sources}}
    balancers: _Conditions = {
        "ArnLike": {"aws:SourceArn": arn(scope, "elasticloadbalancing", "loadbalancer/*")}
    }
    put, logs = ["s3:PutObject"], f"AWSLogs/{account}/*"
    writers: list[tuple[str, str, str, _Conditions]] = [
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
    """Return the statements that let log groups and topic publishers use the shared key."""
    # CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using KMS".
    logs = iam.allow_service(
        "EncryptLogGroups",
        f"logs.{scope['region']}.amazonaws.com",
        [
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
        ["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_group_patterns(scope)}},
    )
    publishers = [
        iam.allow_service(
            f"PublishBy{service.title()}",
            f"{service}.amazonaws.com",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            ["*"],
            conditions=iam.service_source(scope),
        )
        for service in get_args(Publisher)
    ]
    return [logs, *publishers]


def topic_policy(scope: AwsScope, topic: str, services: Sequence[Publisher]) -> str:
    """Return the topic policy: the named services may publish, over TLS only."""
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
    # SNS rejects a topic policy with actions outside a topic's own, such as `sns:*`.
    insecure = {**iam.deny_insecure([topic]), "Action": "sns:Publish"}
    return iam.document(insecure, *publish)
