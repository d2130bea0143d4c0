"""Shared resources of a stack: log bucket, encryption key and alarm topic."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.bucket import LifecycleRule, PrivateBucket
from mobile_ai.components.aws.key import EncryptionKey
from mobile_ai.components.aws.names import (
    AwsScope,
    arn,
    bucket_arn,
    bucket_name,
    physical_name,
    to_wire,
)
from mobile_ai.components.aws.platform_policy import (
    Publisher,
    key_statements,
    log_bucket_statements,
    topic_policy,
)


class PlatformParts(TypedDict):
    """Shared resources that the platform exposes to other components."""

    log_bucket: pulumi.Input[str]
    """Bucket of access logs."""
    key_arn: pulumi.Input[str]
    """Key of log groups, functions, queues and topics."""
    key_alias: str
    """Alias of that key."""
    alarm_topic_arn: pulumi.Input[str]
    """Topic that alarms are published to."""


class PlatformArgs(TypedDict):
    """Arguments of :class:`Platform`."""

    scope: AwsScope
    log_retention_days: int
    """Retention of access logs, at most 30 days, as some contain client addresses."""
    notify: list[str]
    """Mail addresses that are notified of alarms."""


class Platform(pulumi.ComponentResource):
    """Access-log bucket, encryption key and alarm topic of a stack.

    The log bucket uses SSE-S3: S3 server access logging and Elastic Load Balancing do not support
    log buckets whose default encryption is a KMS key.
    """

    parts: PlatformParts
    log_bucket_arn: str

    def __init__(
        self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create bucket, key and topic."""
        super().__init__("mobileai:index:Platform", name, to_wire(args), opts)
        scope = args["scope"]
        child = pulumi.ResourceOptions(parent=self)
        bucket = _log_bucket(f"{name}-logs", scope, args["log_retention_days"], child)
        key = EncryptionKey(
            name,
            {"scope": scope, "purpose": "platform", "services": key_statements(scope)},
            child,
        )
        topic = encrypted_topic(
            f"{name}-alarms",
            scope=scope,
            key_arn=key.arn,
            services=["cloudwatch"],
            notify=args["notify"],
            opts=child,
        )
        self.log_bucket_arn = bucket.arn
        self.parts = {
            "log_bucket": bucket.bucket_name,
            "key_arn": key.arn,
            "key_alias": key.alias,
            "alarm_topic_arn": topic.arn,
        }
        self.register_outputs({"logBucketArn": bucket.arn, "keyArn": key.arn})


def encrypted_topic(
    name: str,
    *,
    scope: AwsScope,
    key_arn: pulumi.Input[str],
    services: Sequence[Publisher],
    notify: list[str],
    opts: pulumi.ResourceOptions,
) -> aws.sns.Topic:
    """Create a topic that the named services may publish to, with e-mail subscriptions."""
    physical = physical_name(scope, name)
    topic = aws.sns.Topic(name, name=physical, kms_master_key_id=key_arn, opts=opts)
    policy = topic_policy(scope, arn(scope, "sns", physical), services)
    aws.sns.TopicPolicy(name, arn=topic.arn, policy=policy, opts=opts)
    for address in notify:
        aws.sns.TopicSubscription(
            f"{name}-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=opts
        )
    return topic


def _log_bucket(
    name: str, scope: AwsScope, days: int, opts: pulumi.ResourceOptions
) -> PrivateBucket:
    physical = bucket_name(scope, "logs")
    expiry: LifecycleRule = {
        "id": "expire-logs",
        "prefix": "",
        "expire_days": days,
        "expire_noncurrent_days": 1,
    }
    return PrivateBucket(
        name,
        {
            "bucket": physical,
            "kms_key_arn": None,
            "log_bucket": None,
            "lifecycle": [expiry],
            "protect": False,
            "statements": log_bucket_statements(scope, bucket_arn(physical)),
        },
        opts,
    )
