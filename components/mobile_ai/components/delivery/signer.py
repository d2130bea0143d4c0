"""Online signer of ``timestamp.json``: KMS key, function, schedule and age alarm."""

from typing import Any, Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.function import ServiceFunction
from mobile_ai.components.aws.names import AwsScope, bucket_arn, key_alias, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.schedule import scheduled

_LONGEST_PERIOD: Final = 86_400  # seconds, CloudWatch alarm quotas


class TimestampSignerArgs(TypedDict):
    """Arguments of :class:`TimestampSigner`."""

    scope: AwsScope
    platform: PlatformParts
    bucket: str
    """Origin bucket, by its physical name."""
    bucket_key_alias: str
    """Alias of the key that encrypts the bucket."""
    refresh_minutes: int
    expiry_minutes: int
    """At least three refresh periods, so that two consecutive failures do not affect devices."""


class TimestampSigner(pulumi.ComponentResource):
    """P-256 KMS key, the function that signs with it, its schedule, and an age alarm.

    ``timestamp.json`` itself is not a Pulumi resource, since it changes every hour without a change
    of the stack.
    """

    key_arn: pulumi.Output[str]
    key_alias: str

    def __init__(
        self, name: str, args: TimestampSignerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create key, function, schedule and alarm."""
        super().__init__("mobileai:index:TimestampSigner", name, to_wire(args), opts)
        scope = args["scope"]
        child = pulumi.ResourceOptions(parent=self)
        self.key_alias = key_alias(scope, "timestamp")
        key = _signing_key(name, scope, self.key_alias, child)
        function = ServiceFunction(
            name,
            {
                "scope": scope,
                "platform": args["platform"],
                "purpose": "timestamp",
                "sources": ["delivery_timestamp.py"],
                "environment": {
                    "BUCKET": args["bucket"],
                    "EXPIRY_MINUTES": str(args["expiry_minutes"]),
                    "KEY_ID": self.key_alias,
                    "STACK": scope["stack"],
                },
                "statements": _rights(args, self.key_alias),
                "timeout_seconds": 60,
                "concurrency": 1,
            },
            child,
        )
        scheduled(
            name,
            scope=scope,
            platform=args["platform"],
            function=function,
            expression=f"rate({args['refresh_minutes']} minutes)",
            opts=child,
        )
        _age_alarm(name, args, child)
        self.key_arn = key.arn
        self.register_outputs({"keyArn": key.arn, "keyAlias": self.key_alias})


def _signing_key(
    name: str, scope: AwsScope, alias: str, opts: pulumi.ResourceOptions
) -> aws.kms.Key:
    key = aws.kms.Key(
        name,
        description=f"Signs the freshness of releases of the stack {scope['stack']}",
        customer_master_key_spec="ECC_NIST_P256",
        key_usage="SIGN_VERIFY",
        deletion_window_in_days=30,
        policy=iam.key_policy(scope),
        opts=opts,
    )
    aws.kms.Alias(name, name=alias, target_key_id=key.key_id, opts=opts)
    return key


def _rights(args: TimestampSignerArgs, alias: str) -> list[dict[str, Any]]:
    scope, bucket = args["scope"], bucket_arn(args["bucket"])
    timestamp = f"{bucket}/metadata/timestamp.json"
    return [
        iam.allow(
            "ReadRelease", ["s3:GetObject"], [timestamp, f"{bucket}/metadata/*.snapshot.json"]
        ),
        iam.allow("WriteTimestamp", ["s3:PutObject"], [timestamp]),
        iam.allow(
            "FindSnapshot",
            ["s3:ListBucket"],
            [bucket],
            conditions={"StringEquals": {"s3:prefix": "metadata/"}},
        ),
        iam.use_key(scope, alias, actions=["kms:GetPublicKey", "kms:Sign"], sid="Sign"),
        iam.use_key(
            scope,
            args["bucket_key_alias"],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            sid="UseBucketKey",
        ),
    ]


def _age_alarm(name: str, args: TimestampSignerArgs, opts: pulumi.ResourceOptions) -> None:
    topic = args["platform"]["alarm_topic_arn"]
    aws.cloudwatch.MetricAlarm(
        f"{name}-age",
        name=physical_name(args["scope"], "timestamp", "age"),
        alarm_description="timestamp.json was not signed for two refresh periods; "
        "devices stop updating when it expires",
        namespace="MobileAI/Delivery",
        metric_name="TimestampSigned",
        dimensions={"Stack": args["scope"]["stack"]},
        statistic="Sum",
        period=min(2 * 60 * args["refresh_minutes"], _LONGEST_PERIOD),
        evaluation_periods=1,
        comparison_operator="LessThanThreshold",
        threshold=1,
        # A signer that does not run publishes no metric at all.
        treat_missing_data="breaching",
        alarm_actions=[topic],
        ok_actions=[topic],
        opts=opts,
    )
