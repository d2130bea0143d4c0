"""Telemetry pipeline: authenticated API, stream, store, alarms and dashboard."""

from collections.abc import Mapping
from typing import Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.bucket import LifecycleRule, PrivateBucket
from mobile_ai.components.aws.key import EncryptionKey
from mobile_ai.components.aws.names import AwsScope, bucket_name, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.telemetry import plan
from mobile_ai.components.telemetry.api import TelemetryApi
from mobile_ai.components.telemetry.store import TelemetryStore

_LASTING: Final = ("events", "compacted")  # prefixes that may move to a colder storage class
_RESULT_DAYS: Final = 7  # query results can be recomputed


class TelemetryArgs(TypedDict):
    """Arguments of :class:`Telemetry`."""

    scope: AwsScope
    platform: PlatformParts
    issuer: str
    audiences: list[str]
    domain: str | None
    certificate_arn: str | None
    hosted_zone_id: str | None
    shards: int | None
    """Shards of a provisioned stream; ``None`` for on-demand mode."""
    stream_retention_hours: int
    retention_days: int
    infrequent_after_days: int | None
    """Days until events move to Standard-IA; ``None``: never."""
    quarantine_retention_days: int
    rate_per_second: int
    burst: int
    buffer_seconds: int
    buffer_mb: int
    scan_limit_gb: int
    group_apps: list[str]
    """Applications whose events may name a group."""


class Telemetry(pulumi.ComponentResource):
    """API, stream, store, alarms and dashboard.

    A retry of a device can put an event on the stream twice; compaction keeps one event per event
    ID. Until then, and in the raw table, counts can be too high.
    """

    url: pulumi.Output[str]
    dns_targets: Mapping[str, pulumi.Input[str]]
    """CNAME records to create in zones managed outside the stack: host name to target."""
    bucket: str
    database: str
    workgroup: str

    def __init__(
        self, name: str, args: TelemetryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the pipeline from the API to the query workgroup."""
        super().__init__("mobileai:index:Telemetry", name, to_wire(args), opts)
        scope, platform = args["scope"], args["platform"]
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = bucket_name(scope, "telemetry")
        key = EncryptionKey(name, {"scope": scope, "purpose": "telemetry", "services": []}, child)
        bucket = _bucket(name, args, key, child)
        stream = _stream(name, args, key, child)
        api = TelemetryApi(
            name,
            {
                "scope": scope,
                "platform": platform,
                "stream_name": stream.name,
                "key_alias": key.alias,
                "issuer": args["issuer"],
                "audiences": args["audiences"],
                "rate_per_second": args["rate_per_second"],
                "burst": args["burst"],
                "domain": args["domain"],
                "certificate_arn": args["certificate_arn"],
                "hosted_zone_id": args["hosted_zone_id"],
            },
            child,
        )
        store = TelemetryStore(
            name,
            {
                "scope": scope,
                "platform": platform,
                "stream_arn": stream.arn,
                "bucket": self.bucket,
                "key_arn": key.arn,
                "key_alias": key.alias,
                "buffer_seconds": args["buffer_seconds"],
                "buffer_mb": args["buffer_mb"],
                "scan_limit_gb": args["scan_limit_gb"],
                "group_apps": args["group_apps"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[bucket]),
        )
        self._watch(name, args)
        self.dns_targets = api.dns_targets
        self.url, self.database, self.workgroup = api.url, store.database, store.workgroup
        self.register_outputs({"url": self.url, "bucket": self.bucket, "database": self.database})

    def _watch(self, name: str, args: TelemetryArgs) -> None:
        scope, child = args["scope"], pulumi.ResourceOptions(parent=self)
        alarms = plan.alarms(scope, buffer_seconds=args["buffer_seconds"])
        for kind, alarm in alarms.items():
            aws.cloudwatch.MetricAlarm(
                f"{name}-{kind}",
                name=physical_name(scope, "telemetry", kind),
                **alarm,
                alarm_actions=[args["platform"]["alarm_topic_arn"]],
                opts=child,
            )
        aws.cloudwatch.Dashboard(
            name,
            dashboard_name=physical_name(scope, "telemetry"),
            dashboard_body=plan.dashboard(scope),
            opts=child,
        )


def _bucket(
    name: str, args: TelemetryArgs, key: EncryptionKey, opts: pulumi.ResourceOptions
) -> PrivateBucket:
    days = {
        "events": args["retention_days"],
        "compacted": args["retention_days"],
        "quarantine": args["quarantine_retention_days"],
        "athena": _RESULT_DAYS,
    }
    rules: list[LifecycleRule] = [
        {
            "id": f"expire-{prefix}",
            "prefix": f"{prefix}/",
            "expire_days": kept,
            "expire_noncurrent_days": 1,
            "infrequent_days": args["infrequent_after_days"] if prefix in _LASTING else None,
        }
        for prefix, kept in days.items()
    ]
    return PrivateBucket(
        name,
        {
            "bucket": bucket_name(args["scope"], "telemetry"),
            "kms_key_arn": key.arn,
            "log_bucket": args["platform"]["log_bucket"],
            "lifecycle": rules,
            "protect": args["scope"]["protect"],
        },
        opts,
    )


def _stream(
    name: str, args: TelemetryArgs, key: EncryptionKey, opts: pulumi.ResourceOptions
) -> aws.kinesis.Stream:
    on_demand = args["shards"] is None
    return aws.kinesis.Stream(
        name,
        name=physical_name(args["scope"], "telemetry"),
        stream_mode_details={"stream_mode": "ON_DEMAND" if on_demand else "PROVISIONED"},
        shard_count=args["shards"],
        retention_period=args["stream_retention_hours"],
        encryption_type="KMS",
        kms_key_id=key.arn,
        opts=opts,
    )
