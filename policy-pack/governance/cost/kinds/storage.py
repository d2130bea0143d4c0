"""Buckets with their storage classes and lifecycle, and image repositories."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from governance.cost import inputs
from governance.cost.kinds.compute import events_gb
from governance.cost.kinds.delivery import cdn_requests
from governance.cost.line import Line
from governance.cost.meter import Meter
from governance.cost.money import Band
from governance.cost.plan import Plan
from governance.resource import Resource
from governance.tokens import MODEL_DELIVERY, TELEMETRY

__all__ = ["PRICED", "lifecycle_months"]

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
_KEPT_MONTHS: Final = 12  # where nothing ever expires: a year of growth
_GB: Final = Decimal(2**30)
_OBJECT_MB: Final = 64  # what a delivery to the bucket gathers before it writes


def _bucket(plan: Plan, resource: Resource) -> list[Line]:
    meter, assume = Meter(plan, resource), plan.assume
    types = {item.type for item in plan.ancestors(resource)}
    if TELEMETRY in types:
        grown = events_gb(plan) * assume.parquet_share
        months = lifecycle_months(_rules(plan, resource, prefix="events/"))
        stored = [(kind, grown * part) for kind, part in months]
        writes = grown * 1024 / _OBJECT_MB + assume.hours_per_month * 12
        return [*_stored(meter, stored), meter.line("s3.standard.put", writes)]
    if MODEL_DELIVERY in types:
        reads = cdn_requests(plan) * assume.origin_miss_share
        stored = [("STANDARD", _models_gb(plan))]
        return [*_stored(meter, stored), meter.line("s3.standard.get", reads)]
    held = assume.artifact_gb if _REGISTRY in types else assume.log_bucket_gb
    writes = assume.hours_per_month * 12
    return [*_stored(meter, [("STANDARD", held)]), meter.line("s3.standard.put", writes)]


def _stored(meter: Meter, parts: list[tuple[str, Band]]) -> list[Line]:
    return [meter.line(_CLASSES.get(kind, f"s3.{kind.lower()}.storage"), gb) for kind, gb in parts]


def lifecycle_months(rule: Mapping[str, Any] | None) -> list[tuple[str, Decimal]]:
    """Return how many months' growth rests in each storage class, in order of age.

    Args:
        rule: One rule of a lifecycle configuration, or none.
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
        (kind, max(min(border, end) - age, Decimal(0)) / _DAYS_PER_MONTH)
        for (age, kind), border in zip(ages, borders, strict=True)
    )
    return [(kind, months) for kind, months in parts if months]


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
    return Band(total, total * 3, total * 24) / _GB  # with older versions kept


def _repository(plan: Plan, resource: Resource) -> list[Line]:
    return [Meter(plan, resource).line("ecr.storage", plan.assume.image_gb)]


PRICED: Final = {
    "aws:ecr/repository:Repository": _repository,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
}
