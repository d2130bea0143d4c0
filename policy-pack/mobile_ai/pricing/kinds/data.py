"""Price models of data: streams, queues, topics, buckets, images, databases, keys and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT, MODEL_DELIVERY, TELEMETRY
from mobile_ai.pricing import values
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.usage import Free, Metered, Unknown, Usage
from mobile_ai.pricing.values import ONE, ZERO, Band

_LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_REGISTRY: Final = "mobileai:index:ModelRegistry"
_CLASSES: Final = {
    "STANDARD": "s3.standard.storage",
    "STANDARD_IA": "s3.infrequent.storage",
    "GLACIER_IR": "s3.glacier-instant.storage",
    "GLACIER": "s3.glacier.storage",
    "DEEP_ARCHIVE": "s3.deep-archive.storage",
    "INTELLIGENT_TIERING": "s3.intelligent.storage",
}
_KB: Final = 1024
_GB: Final = Decimal(2**30)
_DAY_HOURS: Final = 24
_DAYS_PER_MONTH: Final = Decimal(730) / 24
_KEPT_MONTHS: Final = 12  # without expiration: a year of growth
_LEAST_INFREQUENT_DAYS: Final = Decimal(30)  # https://aws.amazon.com/s3/storage-classes/
_LEAST_MOVED_BYTES: Final = 128 * 1024
_OBJECT_MB: Final = 64  # Firehose's buffer size before it writes an object
_SYMMETRIC: Final = {"SYMMETRIC_DEFAULT", ""}


def _stream(plan: Plan, resource: Resource) -> Iterable[Usage]:
    assume, props = plan.assume, resource.props
    count, hours = plan.events, assume.hours_per_month
    late = max(values.amount(props, "retentionPeriod", default=_DAY_HOURS) - _DAY_HOURS, ZERO)
    if values.text(props, "streamModeDetails", "streamMode") == "ON_DEMAND":
        gb = count * _rounded(assume.event_bytes, _KB) / _GB
        charges = [
            Metered("kinesis.ondemand.hour", hours),
            Metered("kinesis.ondemand.in", gb),
            Metered("kinesis.ondemand.out", gb),
        ]
        kept = gb * late / hours.typical
        return [*charges, Metered("kinesis.ondemand.retention", kept)] if late else charges
    units = count * _rounded(assume.event_bytes, 25 * _KB) / (25 * _KB)
    shards = hours * values.amount(props, "shardCount", default=1)
    charges = [Metered("kinesis.shard", shards), Metered("kinesis.put", units)]
    return [*charges, Metered("kinesis.shard.extended", shards)] if late else charges


def _firehose(plan: Plan, resource: Resource) -> Iterable[Usage]:
    # A record counts as a multiple of 5 KB (https://aws.amazon.com/firehose/pricing/).
    gb = plan.events * _rounded(plan.assume.event_bytes, 5 * _KB) / _GB
    charges = [Metered("firehose.ingest", gb)]
    conversion = ("extendedS3Configuration", "dataFormatConversionConfiguration", "enabled")
    if values.flag(resource.props, *conversion):
        charges.append(Metered("firehose.convert", gb))
    return charges


def _rounded(size: Band, step: int) -> Band:
    return Band(*(_up(item, step) for item in size.figures()))


def _up(size: Decimal, step: int) -> Decimal:
    return (size / step).quantize(ONE, rounding=ROUND_CEILING) * step


def _workgroup(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [Metered("athena.scan", plan.assume.athena_tb)]


def _queue(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [Metered("sqs.request", plan.assume.queue_requests)]


def _topic(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [Metered("sns.request", plan.assume.notifications)]


def _subscription(plan: Plan, resource: Resource) -> Iterable[Usage]:
    protocol = values.text(resource.props, "protocol")
    if protocol == "email":
        return [Metered("sns.email", plan.assume.notifications)]
    if protocol in {"lambda", "sqs"}:
        return [Free("delivery has no charge", "https://aws.amazon.com/sns/pricing/")]
    return [Unknown(f"sns.{protocol}", f"deliveries by {protocol!r} are not priced")]


def _bucket(plan: Plan, resource: Resource) -> Iterable[Usage]:
    assume = plan.assume
    types = {item.type for item in plan.ancestors(resource)}
    if TELEMETRY in types:
        return telemetry_usage(plan, telemetry_rule(plan, resource))
    if MODEL_DELIVERY in types:
        reads = plan.cdn_requests * assume.origin_miss_share
        return [_stored("STANDARD", _models_gb(plan)), Metered("s3.standard.get", reads)]
    held = assume.artifact_gb if _REGISTRY in types else assume.log_bucket_gb
    return [
        _stored("STANDARD", held),
        Metered("s3.standard.put", assume.hours_per_month * 12),
    ]


def telemetry_rule(plan: Plan, bucket: Resource) -> dict[str, Any] | None:
    """Return the lifecycle rule of the prefix ``events/`` in the telemetry bucket."""
    for item in plan.siblings(bucket, _LIFECYCLE):
        for rule in values.mappings(item.props, "rules"):
            if values.text(rule, "filter", "prefix") in {"events/", ""}:
                return dict(rule)
    return None


def telemetry_usage(plan: Plan, rule: Mapping[str, Any] | None) -> list[Usage]:
    """Return the charges of the telemetry bucket under a lifecycle rule.

    Objects below 128 KB are not transitioned by default, and each transition is a request
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html).
    Queries are assumed to read all retained months equally.
    """
    assume = plan.assume
    grown = plan.events_gb * assume.parquet_share
    writes = grown * 1024 / _OBJECT_MB + assume.hours_per_month * 12
    if rule and grown.typical * _GB < writes.typical * _LEAST_MOVED_BYTES:
        rule = {key: value for key, value in rule.items() if key != "transitions"}
    months = lifecycle_months(rule)
    charges: list[Usage] = [_stored(kind, grown * part) for kind, part in months]
    charges.append(Metered("s3.standard.put", writes))
    charges += [
        Metered(f"s3.transition.{_CLASSES[kind].split('.')[1]}", writes)
        for kind, _ in months
        if kind in _CLASSES and kind != "STANDARD"
    ]
    away = dict(months).get("STANDARD_IA")
    if away:
        read = assume.athena_tb * 1024 * (away / sum(part for _, part in months))
        charges.append(Metered("s3.infrequent.retrieval", read))
    return charges


def _stored(kind: str, gb: Band) -> Usage:
    return Metered(_CLASSES.get(kind, f"s3.{kind.lower()}.storage"), gb)


def lifecycle_months(rule: Mapping[str, Any] | None) -> list[tuple[str, Decimal]]:
    """Return the months of growth held in each storage class, in order of age.

    Args:
        rule: A rule of a lifecycle configuration, or ``None``.
    """
    end = Decimal(_KEPT_MONTHS) * _DAYS_PER_MONTH
    if rule is not None and values.value(rule, "expiration", "days") is not None:
        end = values.amount(rule, "expiration", "days")
    steps = sorted(
        (values.amount(item, "days"), values.text(item, "storageClass"))
        for item in (values.mappings(rule, "transitions") if rule else [])
    )
    ages = [(ZERO, "STANDARD"), *steps]
    borders = [*(age for age, _ in steps), end]
    parts = (
        (kind, _charged_days(kind, age, min(border, end)) / _DAYS_PER_MONTH)
        for (age, kind), border in zip(ages, borders, strict=True)
    )
    return [(kind, months) for kind, months in parts if months]


def _charged_days(kind: str, start: Decimal, end: Decimal) -> Decimal:
    """Return the billed days in a storage class; Standard-IA bills at least 30."""
    if end <= start:
        return ZERO
    least = _LEAST_INFREQUENT_DAYS if kind == "STANDARD_IA" else ZERO
    return max(end - start, least)


def _models_gb(plan: Plan) -> Band:
    total = ZERO
    for deployment in plan.by_type[DEPLOYMENT]:
        for artifact in plan.artifacts(deployment).values():
            total += artifact.bytes
    return Band(total, total * 3, total * 24) / _GB  # with retained older versions


def _repository(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [Metered("ecr.storage", plan.assume.image_gb)]


def _database(plan: Plan, resource: Resource) -> Iterable[Usage]:
    props, assume = resource.props, plan.assume
    if values.text(props, "engine") != "postgres":
        return [Unknown("rds", f"engine {values.text(props, 'engine')!r} is not priced")]
    zones = "multi" if values.flag(props, "multiAz") else "single"
    size = values.text(props, "instanceClass")
    least = values.amount(props, "allocatedStorage")
    most = max(least, values.amount(props, "maxAllocatedStorage"))
    stored = (assume.database_growth * least).at_most(most)
    disk = values.text(props, "storageType", default="gp2")
    charges = [
        Metered(f"rds.postgres.{zones}.{size}", assume.hours_per_month),
        Metered(f"rds.storage.{zones}.{disk}", stored),
        # Backups as large as the storage are included (https://aws.amazon.com/rds/pricing/).
        Metered("rds.backup", Band(stored.low * 0, stored.low * 0, stored.high - stored.low)),
    ]
    if values.flag(props, "manageMasterUserPassword"):
        charges.append(Metered("secrets.secret", Band.flat(1)))
    if values.amount(props, "monitoringInterval"):
        charges.append(Metered("logs.ingest", assume.quiet_log_gb))
    return charges


def _key(plan: Plan, resource: Resource) -> Iterable[Usage]:
    props, assume = resource.props, plan.assume
    symmetric = values.text(props, "customerMasterKeySpec") in _SYMMETRIC
    # Each of the first two rotations adds a key's monthly charge (https://aws.amazon.com/kms/pricing/).
    keys = Band.of("1", "1", "2") if values.flag(props, "enableKeyRotation") else Band.flat(1)
    item = "kms.request" if symmetric else "kms.request.asymmetric"
    # An asymmetric key here signs once per refresh, not once per object.
    requests = assume.kms_requests_per_key if symmetric else assume.hours_per_month
    return [Metered("kms.key", keys), Metered(item, requests)]


def _secret(plan: Plan, _: Resource) -> Iterable[Usage]:
    return [
        Metered("secrets.secret", Band.flat(1)),
        Metered("secrets.request", plan.assume.secret_requests),
    ]


PRICED: Final = {
    "aws:athena/workgroup:Workgroup": _workgroup,
    "aws:ecr/repository:Repository": _repository,
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _firehose,
    "aws:kinesis/stream:Stream": _stream,
    "aws:kms/externalKey:ExternalKey": _key,
    "aws:kms/key:Key": _key,
    "aws:rds/instance:Instance": _database,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
    "aws:secretsmanager/secret:Secret": _secret,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sqs/queue:Queue": _queue,
}
"""Price models of data by type token."""
