"""Recommends the age at which telemetry moves to S3 Standard-IA, if at all.

Storage belongs to the stack and placements to a deployment. They do not constrain each other, so
that each is optimized separately, with the same exact search (``search``).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import TELEMETRY
from mobile_ai.pricing import values
from mobile_ai.pricing.errors import CostError
from mobile_ai.pricing.kinds.data import telemetry_rule, telemetry_usage
from mobile_ai.pricing.line import Line, priced_lines
from mobile_ai.pricing.missing import missing_error
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.recommend import CostRecommendation
from mobile_ai.pricing.search import Choice, cheapest
from mobile_ai.pricing.values import ZERO, cents

STORAGE: Final = "telemetry storage"
"""Subject of the recommendation."""
SETTING: Final = "infrequentAfterDays"
"""Key of the stack file that it changes, in days."""
# S3 moves objects to Standard-IA after 30 days in Standard at the earliest:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
_LEAST_DAYS: Final = 30
_BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")


def recommend_storage(plan: Plan, *, keep: int = 3) -> CostRecommendation | None:
    """Return the lowest-cost storage of telemetry, ``None`` if the stack stores none.

    If a price is missing, Standard-IA is rejected with the reason.

    Raises:
        UnknownInputError: If usage or retention is unknown.
    """
    bucket = _bucket(plan)
    rule = telemetry_rule(plan, bucket) if bucket else None
    if bucket is None or rule is None:
        return None
    choices, rejected = storage_choices(plan, bucket, rule)
    today = _days(rule)
    current = next((c for c in choices if (c.placement or {}).get(SETTING) == today), None)
    return CostRecommendation(
        deployment=STORAGE,
        answers=cheapest([choices], rate=ZERO, keep=keep),
        current_usd=current.fixed_usd if current else None,
        rejected=rejected,
    )


def storage_choices(
    plan: Plan, bucket: Resource, rule: Mapping[str, Any]
) -> tuple[list[Choice], tuple[str, ...]]:
    """Return the choices, Standard only or Standard-IA after each possible day, and rejections.

    The second element holds the reasons why Standard-IA was rejected, if it was.
    """
    kept = int(values.amount(rule, "expiration", "days"))
    choices: list[Choice] = []
    for days in (None, *range(_LEAST_DAYS, kept)):
        try:
            choices.append(_choice(plan, bucket, rule, days))
        except CostError as error:
            return choices, (f"Standard-IA: {error}",) if choices else (str(error),)
    return choices, ()


def _choice(plan: Plan, bucket: Resource, rule: Mapping[str, Any], days: int | None) -> Choice:
    moved = [] if days is None else [{"days": days, "storageClass": "STANDARD_IA"}]
    charges = telemetry_usage(plan, {**rule, "transitions": moved})
    lines = priced_lines(plan, [(bucket, charge) for charge in charges])
    parts = {line.item: _usd(plan, line) for line in lines}
    why = ", ".join(f"{item.removeprefix('s3.')} {cents(usd)}" for item, usd in parts.items())
    where = "always in Standard" if days is None else f"in Standard-IA after {days} days"
    return Choice(
        label=f"{where} ({why})",
        fixed_usd=sum(parts.values(), ZERO),
        placement=None if days is None else {SETTING: days},
    )


def _usd(plan: Plan, line: Line) -> Decimal:
    if line.amount is not None:
        return line.amount.typical
    raise missing_error(
        plan.catalogue, line.item, line.region, expected="a known price: no optimum is guessed"
    )


def _bucket(plan: Plan) -> Resource | None:
    found = (item for kind in _BUCKETS for item in plan.by_type[kind])
    return next((i for i in found if any(a.type == TELEMETRY for a in plan.ancestors(i))), None)


def _days(rule: Mapping[str, Any]) -> int | None:
    for item in values.mappings(rule, "transitions"):
        if values.text(item, "storageClass") == "STANDARD_IA":
            return int(values.amount(item, "days"))
    return None
