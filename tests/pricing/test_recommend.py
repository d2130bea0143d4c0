"""Recommendations: within limits, cheapest first, with reasons."""

from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import Assumptions, CostError
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.recommend import CostRecommendation, ServiceLevel, recommend_placements
from tests.pricing.support import context, deployment, model, resource, shipped

LEVEL = ServiceLevel(maximum_replicas=4)
PROVIDER = resource("pulumi:providers:aws", {"region": "eu-central-1"}, name="aws")


def found(
    *, level: ServiceLevel = LEVEL, where: Resource | None = None, **changes: Any
) -> CostRecommendation:
    item = deployment(**changes)
    plan = Plan([PROVIDER, where or context(), model(), item], shipped(), Assumptions())
    return recommend_placements(plan, item, level=level)


def test_one_replica_is_enough_for_one_request_a_second_and_the_cloud_is_left_out() -> None:
    best = found().answers[0]

    assert [c.label for c in best.choices] == [
        "on-device int8",
        "lab: none",
        "cloud: onnx 256 MB x1",
    ]


def test_many_requests_move_from_the_cloud_to_the_site() -> None:
    usage = {"monthlyActiveDevices": 1000, "updatesPerMonth": 2, "requestsPerSecond": 100}

    assert "lab: onnx x1" in [c.label for c in found(usage=usage).answers[0].choices]


def test_today_is_priced_by_the_same_model_and_the_saving_is_the_difference() -> None:
    result = found()

    assert result.current_usd is not None
    assert result.saving_usd == result.current_usd - result.answers[0].usd
    assert result.saving_usd > 0


def test_a_site_outside_of_the_regions_is_left_out_with_its_reason() -> None:
    away = context(sites=[{"name": "lab", "region": "us-east-1", "nodePriceUsdPerHour": 0.1}])

    result = found(where=away)

    assert "site lab: us-east-1 is not allowed" in result.rejected
    assert not any("lab: onnx" in c.label for a in result.answers for c in a.choices)


def test_nothing_is_recommended_where_no_region_is_allowed() -> None:
    result = found(level=ServiceLevel(regions=frozenset({"mars-1"})))

    assert result.answers == ()
    assert result.saving_usd == 0


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        (ServiceLevel(p95_ms=Decimal(1)), "p95 2.0 ms is above 1"),
        (ServiceLevel(device_memory_mb=Decimal(10)), "48 MB is above 10"),
        (ServiceLevel(energy_mj=Decimal("0.01")), "energy 0.02 mJ is above 0.01"),
    ],
)
def test_a_variant_that_breaks_a_limit_is_left_out_with_its_reason(
    level: ServiceLevel, reason: str
) -> None:
    result = found(level=level)

    assert any(reason in text for text in result.rejected)
    assert result.answers == ()


def test_a_variant_below_the_quality_floor_is_left_out() -> None:
    item = deployment()
    plan = Plan(
        [PROVIDER, context(), model(quality={"value": 0.90}), item], shipped(), Assumptions()
    )

    result = recommend_placements(plan, item, level=LEVEL)

    assert any("quality 0.9 is below 0.94" in text for text in result.rejected)


def test_a_site_keeps_its_least_replicas() -> None:
    usage = {"monthlyActiveDevices": 1, "updatesPerMonth": 0, "requestsPerSecond": 100}
    level = ServiceLevel(minimum_replicas=2, maximum_replicas=4)

    labels = [c.label for c in found(level=level, usage=usage).answers[0].choices]

    assert "lab: onnx x2" in labels


def test_a_missing_price_is_an_error_and_no_guess() -> None:
    with pytest.raises(CostError, match="nodePriceUsdPerHour"):
        found(where=context(sites=[{"name": "lab", "region": "eu-central-1"}]))


def test_a_placement_keeps_what_it_does_not_decide() -> None:
    usage = {"monthlyActiveDevices": 1, "updatesPerMonth": 0, "requestsPerSecond": 100}
    best = found(usage=usage).answers[0]

    edge = next(
        c.placement for c in best.choices if c.placement and c.placement["target"] == "edge"
    )
    assert edge["replicas"] == {"min": 1, "max": 4}
