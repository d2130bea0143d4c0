"""Price models of S3 buckets, with storage classes and lifecycle rules, and of ECR."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import MODEL_DELIVERY, TELEMETRY
from mobile_ai.pricing import inputs
from mobile_ai.pricing.kinds.compute import events_gb
from mobile_ai.pricing.kinds.delivery import cdn_requests
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.meter import Meter
from mobile_ai.pricing.money import Band
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED", "lifecycle_months", "telemetry_lines", "telemetry_rule"]

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
_DAYS_PER_MONTH: Final = Decimal(730) / 24
_KEPT_MONTHS: Final = 12  # without expiration: a year of growth
_GB: Final = Decimal(2**30)
_LEAST_INFREQUENT_DAYS: Final = Decimal(30)  # https://aws.amazon.com/s3/storage-classes/
_LEAST_MOVED_BYTES: Final = 128 * 1024
_OBJECT_MB: Final = 64  # Firehose's buffer size before it writes an object


def _bucket(plan: Plan, resource: Resource) -> list[Line]:
    meter, assume = Meter(plan, resource), plan.assume
    types = {item.type for item in plan.ancestors(resource)}
    if TELEMETRY in types:
        return telemetry_lines(meter, telemetry_rule(plan, resource))
    if MODEL_DELIVERY in types:
        reads = cdn_requests(plan) * assume.origin_miss_share
        stored = [("STANDARD", _models_gb(plan))]
        return [*_stored(meter, stored), meter.line("s3.standard.get", reads)]
    held = assume.artifact_gb if _REGISTRY in types else assume.log_bucket_gb
    writes = assume.hours_per_month * 12
    return [*_stored(meter, [("STANDARD", held)]), meter.line("s3.standard.put", writes)]


def telemetry_rule(plan: Plan, bucket: Resource) -> dict[str, Any] | None:
    """Return the lifecycle rule of the prefix ``events/`` in the telemetry bucket."""
    return _rules(plan, bucket, prefix="events/")


def telemetry_lines(meter: Meter, rule: Mapping[str, Any] | None) -> list[Line]:
    """Return the lines of the telemetry bucket under a lifecycle rule.

    Objects below 128 KB are not transitioned by default, and each transition is a request
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html).
    Queries are assumed to read all retained months equally.
    """
    assume = meter.plan.assume
    grown = events_gb(meter.plan) * assume.parquet_share
    writes = grown * 1024 / _OBJECT_MB + assume.hours_per_month * 12
    if rule and grown.typical * _GB < writes.typical * _LEAST_MOVED_BYTES:
        rule = {key: value for key, value in rule.items() if key != "transitions"}
    months = lifecycle_months(rule)
    lines = _stored(meter, [(kind, grown * part) for kind, part in months])
    lines.append(meter.line("s3.standard.put", writes))
    lines += [
        meter.line(f"s3.transition.{_CLASSES[kind].split('.')[1]}", writes)
        for kind, _ in months
        if kind in _CLASSES and kind != "STANDARD"
    ]
    away = dict(months).get("STANDARD_IA")
    if away:
        read = assume.athena_tb * 1024 * (away / sum(part for _, part in months))
        lines.append(meter.line("s3.infrequent.retrieval", read))
    return lines


def _stored(meter: Meter, parts: list[tuple[str, Band]]) -> list[Line]:
    return [meter.line(_CLASSES.get(kind, f"s3.{kind.lower()}.storage"), gb) for kind, gb in parts]


def lifecycle_months(rule: Mapping[str, Any] | None) -> list[tuple[str, Decimal]]:
    """Return the months of growth held in each storage class, in order of age.

    Args:
        rule: A rule of a lifecycle configuration, or ``None``.
    """
    end = Decimal(_KEPT_MONTHS) * _DAYS_PER_MONTH
    if rule is not None and inputs.value(rule, "expiration", "days") is not None:
        end = inputs.amount(rule, "expiration", "days")
    steps = sorted(
        (inputs.amount(item, "days"), inputs.text(item, "storageClass"))
        for item in (inputs.mappings(rule, "transitions") if rule else [])
    )
    ages = [(Decimal(0), "STANDARD"), *steps]
    borders = [*(age for age, _ in steps), end]
    parts = (
        (kind, _charged_days(kind, age, min(border, end)) / _DAYS_PER_MONTH)
        for (age, kind), border in zip(ages, borders, strict=True)
    )
    return [(kind, months) for kind, months in parts if months]


def _charged_days(kind: str, start: Decimal, end: Decimal) -> Decimal:
    """Return the billed days in a storage class; Standard-IA bills at least 30."""
    if end <= start:
        return Decimal(0)
    least = _LEAST_INFREQUENT_DAYS if kind == "STANDARD_IA" else Decimal(0)
    return max(end - start, least)


def _rules(plan: Plan, bucket: Resource, *, prefix: str) -> dict[str, Any] | None:
    for item in plan.siblings(bucket, _LIFECYCLE):
        for rule in inputs.mappings(item.props, "rules"):
            if inputs.text(rule, "filter", "prefix") in {prefix, ""}:
                return dict(rule)
    return None


def _models_gb(plan: Plan) -> Band:
    total = Decimal(0)
    for deployment in plan.by_type["mobileai:index:MobileAIDeployment"]:
        for row in plan.artifacts(deployment).values():
            total += inputs.amount(row, "bytes")
    return Band(total, total * 3, total * 24) / _GB  # with retained older versions


def _repository(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("ecr.storage", plan.assume.image_gb)]


PRICED: Final = {
    "aws:ecr/repository:Repository": _repository,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
}
