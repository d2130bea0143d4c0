"""The storage class of telemetry: AWS's rules in the price, the exact search, the edit."""

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import Assumptions, estimate
from mobile_ai.pricing.kinds.data import lifecycle_months
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.recommend import CostRecommendation, ServiceLevel, recommend_placements
from mobile_ai.pricing.search import cost_of
from mobile_ai.pricing.storage_class import recommend_storage, storage_choices
from tests.pricing.support import context, deployment, exact, model, resource, shipped

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
PROVIDER = resource("pulumi:providers:aws", {"region": "eu-central-1"}, name="aws")
MONTH = Decimal(730) / 24


def rule(kept: int, after: int | None = None) -> dict[str, Any]:
    moved = [] if after is None else [{"days": after, "storageClass": "STANDARD_IA"}]
    prefix = {"filter": {"prefix": "events/"}}
    return {"expiration": {"days": kept}, "transitions": moved, **prefix}


def resources(
    kept: int, after: int | None = None, *, devices: int = 10_000_000, region: str = ""
) -> list[Resource]:
    owner = resource("mobileai:index:Telemetry", {}, name="telemetry")
    placed = {"region": region} if region else {}
    usage = {"monthlyActiveDevices": devices, "updatesPerMonth": 1, "requestsPerSecond": 1}
    return [
        PROVIDER,
        context(),
        model(),
        deployment(usage=usage),
        owner,
        resource("aws:s3/bucket:Bucket", placed, parent=owner.urn),
        resource(LIFECYCLE, {"rules": [rule(kept, after)]}, parent=owner.urn),
    ]


def advice(kept: int, after: int | None = None, **other: Any) -> CostRecommendation:
    assume = exact(**other.pop("assume", {}))
    found = recommend_storage(Plan(resources(kept, after, **other), shipped(), assume))
    assert found is not None
    return found


def test_standard_ia_charges_thirty_days_for_what_is_deleted_sooner() -> None:
    found = dict(lifecycle_months(rule(40, 30)))

    assert found == {"STANDARD": 30 / MONTH, "STANDARD_IA": 30 / MONTH}
    assert dict(lifecycle_months(rule(30, 30))) == {"STANDARD": 30 / MONTH}


def test_a_transition_and_reading_are_lines() -> None:
    lines = {i.item: i for i in estimate(resources(90, 30), shipped()).lines if "s3." in i.item}

    moved, read = lines["s3.transition.infrequent"], lines["s3.infrequent.retrieval"]
    assert moved.quantity == lines["s3.standard.put"].quantity
    assert moved.amount is not None
    assert moved.amount.typical > 0
    # A tenth of a TB, two thirds of the age of what is kept, 0.01 USD.
    assert read.amount is not None
    assert round(read.amount.typical, 6) == round(Decimal("102.4") * 60 / 90 * Decimal("0.01"), 6)


def test_objects_below_128_kb_do_not_move() -> None:
    lines = estimate(resources(90, 30, devices=10), shipped()).lines

    assert not any("infrequent" in line.item for line in lines)


def test_much_that_is_seldom_read_moves_as_early_as_aws_allows() -> None:
    found = advice(365, assume={"athenaTb": "0"})

    best = found.answers[0].choices[0]
    assert best.placement == {"infrequentAfterDays": 30}
    assert "infrequent.storage" in best.label
    assert found.saving_usd > 0


def test_what_is_read_often_stays_in_standard() -> None:
    found = advice(365, 60, assume={"athenaTb": "50"})

    assert found.answers[0].choices[0].placement is None
    assert found.saving_usd > 0


def test_retention_of_thirty_days_leaves_no_choice() -> None:
    assert [a.choices[0].placement for a in advice(30).answers] == [None]


def test_a_missing_price_leaves_standard_ia_out_with_the_reason() -> None:
    catalogue = shipped()
    lacking = ("s3.transition.infrequent", "eu-central-1")
    prices = {row: price for row, price in catalogue.prices.items() if row != lacking}
    plan = Plan(resources(90), replace(catalogue, prices=prices), Assumptions())

    found = recommend_storage(plan)

    assert found is not None
    assert [a.choices[0].placement for a in found.answers] == [None]
    assert "s3.transition.infrequent (s3, per object) in eu-central-1" in found.rejected[0]
    assert "prices refresh --region eu-central-1 --service s3 --write" in found.rejected[0]


def test_a_stack_without_telemetry_gets_no_advice() -> None:
    assert recommend_storage(Plan([PROVIDER, context()], shipped(), Assumptions())) is None


@settings(max_examples=25, deadline=None)
@given(
    kept=st.integers(1, 60),
    devices=st.integers(1, 20_000_000),
    read=st.integers(0, 3),
    rate=st.integers(1, 200),
)
def test_both_optima_together_are_the_optimum_of_all_combinations(
    kept: int, devices: int, read: int, rate: int
) -> None:
    found = resources(kept, devices=devices)
    usage = {"monthlyActiveDevices": devices, "updatesPerMonth": 1, "requestsPerSecond": rate}
    found[3] = deployment(usage=usage)
    plan = Plan(found, shipped(), exact(athenaTb=str(read)))
    placed = recommend_placements(plan, found[3], level=ServiceLevel(maximum_replicas=3), keep=500)
    stored = recommend_storage(plan)
    assert stored is not None

    choices, _ = storage_choices(plan, found[5], rule(kept))
    costs = [
        cost_of([*answer.choices, choice], Decimal(rate))
        for answer, choice in itertools.product(placed.answers, choices)
    ]

    best = min((cost for cost in costs if cost is not None), default=None)
    if best is None:
        assert not placed.answers
    else:
        # Sums of decimals are rounded at 28 digits, and the order of the terms is another one.
        assert abs(placed.answers[0].usd + stored.answers[0].usd - best) < Decimal("1e-20")
