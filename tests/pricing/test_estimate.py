"""Both stacks as a whole: every resource accounted for, totals computed by hand."""

from dataclasses import fields, replace
from decimal import Decimal

import pytest

from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import Assumptions, estimate
from mobile_ai.pricing.free import free_of
from mobile_ai.pricing.kinds import PRICED
from mobile_ai.pricing.values import cents
from tests.pricing.support import (
    ROOT,
    UNPRICED,
    context,
    deployment,
    lines_of,
    model,
    resource,
    shipped,
    with_usage,
)

GOLDENS = ROOT / "tests" / "components" / "golden"

# The month of prod, by hand from the stack file: 250,000 devices that check 30 times and take 2
# updates, 40 requests a second of which a tenth goes to the cloud, 730 hours.
PROD = {
    "database, 730 x 0.149": "108.77",
    "its storage, 50 GB x 0.274": "13.70",
    "registry, 730 x 2 x (1 x 0.03725 + 4 x 0.00409)": "78.27",
    "balancer, 730 x (0.027 + 0.2 x 0.008)": "20.88",
    "container metrics, 30 x 0.30": "9.00",
    "six endpoints, 730 x 2 x 0.012, and 5 GB x 0.01": "105.42",
    "five keys, and 80,000 x 0.03 per 10,000": "5.24",
    "two secrets, and 2,000 calls": "0.81",
    "firewall with four rules": "9.00",
    "17 million requests x 0.60 per million": "10.20",
    "11.9 million in Europe x 1.20, 5.1 in America x 1.00": "19.38",
    "17 million edge functions x 0.10": "1.70",
    "CDN, 11.2 GB x 0.085": "0.95",
    "six replicas, 730 x 0.17 x 0.125": "93.08",
    "cloud function, 10.512 million calls and 1,051,200 GB-seconds": "16.12",
    "its API, 10.512 million x 1.20": "12.61",
    "its two logs, 2 x 5.874 GB x 0.63, kept a month": "7.78",
    "telemetry API, 7.5 million x 1.20": "9.00",
    "its log, 4.191 GB x 0.63, kept a month": "2.78",
    "route metrics, 2 x 5 x 0.30": "3.00",
    "dashboard": "3.00",
    "ten alarms on eleven metrics": "1.10",
    "private zone, and queries": "0.54",
    "image, buckets, quiet logs, traces": "1.05",
    # Lines that had no published price at hand before 2026-11-30.
    "on-demand stream, 730 x 0.048": "35.04",
    "7.5 million events of 1 KB in and out, 7.153 GB x (0.096 + 0.048)": "1.03",
    "their second day, 7.153 GB x 24 / 730 x 0.119": "0.03",
    "delivery stream, 7.5 million x 5 KB = 35.763 GB x (0.033 + 0.020)": "1.90",
    "queries, 0.1 TB x 5": "0.50",
    "access log, 17 million x 300 bytes = 4.750 GB x 0.285": "1.35",
    "flow log, 0.5 GB x 0.285": "0.14",
    "1 GB to Dublin x 0.02, 200 notifications, 100 letters": "0.02",
}

# The month of dev: 500 devices that check 30 times and take 8 updates, a request a second of which
# a tenth goes to the cloud, one shard, no registry and no firewall.
DEV = {
    "shard, 730 x 0.018": "13.14",
    "five keys, 80,000 x 0.03 per 10,000, 730 x 0.15 per 10,000": "5.25",
    "dashboard": "3.00",
    "route metrics, 2 x 5 x 0.30": "3.00",
    "two replicas, 730 x 0.03 x 0.25 / 4": "2.74",
    "seven alarms on eight metrics": "0.80",
    "queries, 0.1 TB x 5": "0.50",
    "APIs, 262,800 + 15,000 requests x 1.20 per million": "0.33",
    "cloud function, 262,800 x 0.20 per million and 13,140 GB-seconds x 0.0000133334": "0.23",
    "its two logs, 2 x 0.147 GB x 0.63, kept a month": "0.19",
    "flow log, 0.5 GB x 0.285": "0.14",
    "image, 1 GB x 0.10": "0.10",
    "three quiet logs, 3 x 0.05 GB x 0.63": "0.09",
    "two buckets' writes, 17,520 x 5.4 per million": "0.09",
    "46,000 requests, 32,200 in Europe x 1.20, 13,800 in America x 1.00 per million": "0.05",
    "2 GB of logs x 0.0245": "0.05",
    "9,504 traces x 5 per million": "0.05",
    "edge functions, other logs, delivery stream, letters, queues": "0.02",
}


def test_prod_costs_what_a_hand_computes_within_two_percent(prod: list[Resource]) -> None:
    by_hand = sum((Decimal(text) for text in PROD.values()), Decimal(0))

    whole = estimate(prod, shipped()).total()
    total = whole.amount

    assert whole.unknown == 0
    assert abs(total.typical - by_hand) <= by_hand * Decimal("0.02")
    assert total.low < total.typical < total.high


def test_dev_costs_what_a_hand_computes_within_two_percent(dev: list[Resource]) -> None:
    by_hand = sum((Decimal(text) for text in DEV.values()), Decimal(0))

    total = estimate(dev, shipped()).total()

    assert total.unknown == 0
    assert abs(total.amount.typical - by_hand) <= by_hand * Decimal("0.02")


def test_dev_without_traffic_costs_at_most_60_dollars(dev: list[Resource]) -> None:
    """By hand: a shard 13.14, five keys 5, alarms 0.80, metrics 3, dashboard 3, a lab node."""
    idle = with_usage(dev, monthlyActiveDevices=0, updatesPerMonth=0, requestsPerSecond=0)

    found = estimate(idle, shipped())
    items: dict[str, Decimal] = {}
    for line in found.lines:
        if line.amount:
            items[line.item] = items.get(line.item, Decimal(0)) + line.amount.typical

    assert found.total().amount.typical <= 60
    assert cents(items["kinesis.shard"]) == Decimal("13.14")
    assert cents(items["kms.key"]) == Decimal("5.00")
    assert cents(items["cloudwatch.dashboard"]) == Decimal("3.00")
    assert cents(items["cloudwatch.alarm"]) == Decimal("0.80")
    assert cents(items["cloudwatch.metric"]) == Decimal("3.00")
    # Two replicas of 0.25 cores: 730 h x 0.03 x 0.25 / 4 each.
    assert items["site.node"] == Decimal("2.737500")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_resource_is_priced_free_with_a_source_or_unknown_with_a_reason(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources: list[Resource] = request.getfixturevalue(stack)
    lines = estimate(resources, shipped()).by_resource()

    assert set(lines) == {item.urn for item in resources}
    for found in lines.values():
        for line in found:
            if line.status == "unknown":
                assert line.reason
                assert line.amount is None
            else:
                assert line.source, line
                assert line.amount is not None


def test_at_most_a_twentieth_of_prod_is_unknown(prod: list[Resource]) -> None:
    assert estimate(prod, shipped()).unknown_share() <= Decimal("0.05")


def test_every_type_that_a_component_makes_has_a_price_model_or_a_reason_to_be_free() -> None:
    tokens = {
        line.split()[0]
        for path in GOLDENS.glob("*.txt")
        for line in path.read_text().splitlines()
        if ":" in line.split()[0]
    }

    assert tokens
    assert {token for token in tokens if token not in PRICED and free_of(token) is None} == set()


def test_deployments_and_what_is_shared_add_up_to_the_whole(prod: list[Resource]) -> None:
    found = estimate(prod, shipped())

    parts = found.by_deployment()

    assert set(parts) == {"", "field-assistant-digits"}
    summed = sum((item.amount.typical for item in parts.values()), Decimal(0))
    assert cents(summed) == cents(found.total().amount.typical)


def test_tags_partition_the_whole(prod: list[Resource]) -> None:
    found = estimate(prod, shipped())

    parts = found.by_tag("app")

    assert "field-assistant" in parts
    assert (
        sum((item.amount.typical for item in parts.values()), Decimal(0))
        == found.total().amount.typical
    )


def test_an_unknown_is_counted_and_never_summed() -> None:
    known = resource("aws:kms/key:Key", {}, name="key")

    one, both = (estimate(items, shipped()).total() for items in ([known], [known, UNPRICED]))

    assert both.amount == one.amount
    assert (both.unknown, both.ceiling) == (1, 18)


def test_one_unknown_without_a_ceiling_leaves_the_sum_without_one() -> None:
    plan = [UNPRICED, resource("aws:dynamodb/table:Table", {})]

    assert estimate(plan, shipped()).total().ceiling is None


def test_energy_is_in_no_total() -> None:
    found = estimate([context(), model(), deployment()], shipped())

    (energy,) = [line for line in found.lines if line.item == "device.energy"]
    assert energy.amount is not None
    assert energy.amount.typical > 0
    assert found.total().amount.typical == 0


def test_usage_that_is_not_known_makes_shared_costs_unknown() -> None:
    lines = lines_of(
        context(),
        model(),
        deployment(usage={"monthlyActiveDevices": UNKNOWN}),
        resource("aws:cloudfront/distribution:Distribution", {}),
    )

    (cdn,) = [line for line in lines if line.type.startswith("aws:cloudfront")]
    assert cdn.status == "unknown"
    assert "monthlyActiveDevices" in cdn.reason


def test_a_variant_that_the_manifest_lacks_makes_delivery_unknown() -> None:
    lines = lines_of(
        context(),
        deployment(),
        resource("aws:cloudfront/distribution:Distribution", {}),
    )

    assert [line.status for line in lines if line.type.startswith("aws:cloudfront")] == ["unknown"]


def test_the_json_form_holds_no_float(prod: list[Resource]) -> None:
    def leaves(value: object) -> list[object]:
        if isinstance(value, dict):
            return [leaf for item in value.values() for leaf in leaves(item)]
        if isinstance(value, list):
            return [leaf for item in value for leaf in leaves(item)]
        return [value]

    assert not [
        leaf for leaf in leaves(estimate(prod, shipped()).to_dict()) if isinstance(leaf, float)
    ]


def test_every_assumption_is_documented_with_its_band() -> None:
    text = (ROOT / "docs" / "cost.md").read_text()

    for item in fields(Assumptions):
        band = getattr(Assumptions(), item.name)
        head, *rest = item.name.split("_")
        name = head + "".join(word.capitalize() for word in rest)
        assert f"| `{name}` | {band.low} | {band.typical} | {band.high} |" in text


def test_usage_does_not_depend_on_prices(prod: list[Resource]) -> None:
    priced = estimate(prod, shipped()).lines
    unpriced = estimate(prod, replace(shipped(), prices={})).lines

    assert [(i.urn, i.item, i.quantity, i.region) for i in unpriced] == [
        (i.urn, i.item, i.quantity, i.region) for i in priced
    ]
    assert {i.status for i in unpriced if i.quantity} == {"unknown"}
