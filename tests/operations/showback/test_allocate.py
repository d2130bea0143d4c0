"""Owners of every charge, and exact sums over random months."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.operations.showback.allocate import BASES, Allocation, allocate
from mobile_ai.operations.showback.bill import CATEGORIES, Bill, Charge
from mobile_ai.operations.showback.chargeback import chargeback_rows
from mobile_ai.operations.showback.measured import MeasuredMonth
from mobile_ai.operations.showback.owner import CostOwner
from mobile_ai.operations.showback.report import showback
from mobile_ai.operations.showback.sites import site_charges, with_sites
from tests.operations.showback.months import bill_of, charge, measured_month


def parts(allocation: Allocation) -> dict[tuple[str, str, str], str]:
    return {
        (p.owner.app, p.owner.version, p.owner.ring): f"{p.method} {p.effective.normalize():f}"
        for p in allocation.parts
    }


ROWS: list[dict[str, Any]] = [
    {"app": "a", "model": "m", "version": "1", "ring": "canary", "deliveredBytes": 1},
    {"app": "a", "model": "m", "version": "2", "ring": "general", "deliveredBytes": 3},
    {"app": "b", "model": "n", "version": "1", "ring": "", "deliveredBytes": 4, "inferences": 9},
]


@pytest.mark.parametrize(
    ("given_charge", "expected"),
    [
        (
            charge("Amazon CloudFront", "8"),
            {
                ("a", "1", "canary"): "delivered_bytes 1",
                ("a", "2", "general"): "delivered_bytes 3",
                ("b", "1", ""): "delivered_bytes 4",
            },
        ),
        (
            charge("Amazon CloudFront", "8", app="a"),
            {
                ("a", "1", "canary"): "delivered_bytes 2",
                ("a", "2", "general"): "delivered_bytes 6",
            },
        ),
        (charge("AWS Lambda", "8"), {("b", "1", ""): "inferences 8"}),
        (charge("AWS Lambda", "8", app="a"), {("a", "", ""): "tag 8"}),
        (charge("AWS Lambda", "8", app="c"), {("c", "", ""): "tag 8"}),
        (charge("Amazon Kinesis", "8"), {("", "", ""): "none 8"}),
        (charge("AWS Key Management Service", "8"), {("", "", ""): "none 8"}),
        (charge("AWS Key Management Service", "8", app="a"), {("a", "", ""): "tag 8"}),
    ],
)
def test_one_charge(given_charge: Charge, expected: dict[tuple[str, str, str], str]) -> None:
    assert parts(allocate(bill_of(given_charge), measured_month(ROWS))) == expected


def test_what_follows_follows_the_costs_already_given() -> None:
    bill = bill_of(
        charge("AWS Lambda", "30", app="a"),
        charge("AWS Lambda", "10", app="b"),
        charge("", "4", category="Tax"),
        charge("", "-8", category="Credit"),
    )

    allocation = allocate(bill, measured_month([]))

    of = {
        (p.charge.category, p.owner.app): p.effective
        for p in allocation.parts
        if p.method == "cost"
    }
    assert of == {
        ("Tax", "a"): 3,
        ("Tax", "b"): 1,
        ("Credit", "a"): -6,
        ("Credit", "b"): -2,
    }


def test_the_tags_of_the_bill_stand_above_the_measurement() -> None:
    rows = [{"app": "a", "project": "old", "team": "t", "inferences": 1}]

    (part,) = allocate(
        bill_of(charge("AWS Lambda", "1", app="a", project="new")), measured_month(rows)
    ).parts

    assert part.owner == CostOwner(project="new", team="t", app="a")


def test_what_nothing_splits_says_why() -> None:
    allocation = allocate(bill_of(charge("Amazon Kinesis", "8")), measured_month(ROWS))

    assert showback(allocation).unallocated() == {("Amazon Kinesis", "no measured events"): 8}


def test_a_sites_nodes_are_split_by_what_pods_request_and_the_rest_is_idle() -> None:
    month = measured_month(
        [],
        nodes=[
            {
                "site": "s",
                "hours": 100,
                "cpuMillis": 4000,
                "memoryMb": 8000,
                "priceUsdPerHour": "0.1",
            }
        ],
        pods=[
            {"site": "s", "app": "a", "hours": 100, "cpuMillis": 2000, "memoryMb": 2000},
            {"site": "s", "app": "b", "hours": 50, "cpuMillis": 2000, "memoryMb": 0},
        ],
    )

    allocation = allocate(with_sites(bill_of(charge("AWS WAF", "0")), month), month)

    of: dict[str, Decimal] = {}
    for part in allocation.parts:
        of[part.owner.app] = of.get(part.owner.app, Decimal(0)) + part.effective
    # 10 USD, 5 for processors, 5 for memory: a has 1/2 and 1/4, b 1/4 of the processors.
    assert of == {"a": Decimal("3.75"), "b": Decimal("1.25"), "": Decimal(5)}
    assert {p.reason for p in allocation.unallocated if p.effective} == {"idle capacity"}


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ({"site": "s", "cpuMillis": 5000}, "pods with more cpu_millis than the nodes have"),
        ({"site": "elsewhere"}, "pods and no nodes"),
    ],
)
def test_a_site_that_cannot_be_right(pod: dict[str, Any], message: str) -> None:
    node = {
        "site": "s",
        "hours": 1,
        "cpuMillis": 4000,
        "memoryMb": 8000,
        "priceUsdPerHour": "0.1",
    }
    full = {"app": "a", "hours": 1, "cpuMillis": 1, "memoryMb": 1} | pod

    with pytest.raises(Exception, match=message):
        list(site_charges(measured_month([], nodes=[node], pods=[full])))


MONEY = st.decimals(min_value=-1000, max_value=100_000, places=10)
CHARGES = st.builds(
    Charge,
    service=st.sampled_from([*BASES, "AWS Key Management Service", ""]),
    category=st.sampled_from(CATEGORIES),
    tags=st.dictionaries(
        st.sampled_from(["app", "team", "project"]), st.sampled_from(["a", "b", "c"])
    ),
    billed=MONEY,
    effective=MONEY,
)
COUNT = st.integers(min_value=0, max_value=10**12)
MEASURED = st.lists(
    st.fixed_dictionaries(
        {
            "app": st.sampled_from(["a", "b"]),
            "version": st.sampled_from(["1", "2"]),
            "ring": st.sampled_from(["canary", "general"]),
            "deliveredBytes": COUNT,
            "inferences": COUNT,
            "events": COUNT,
            "registryCalls": COUNT,
        }
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(charges=st.lists(CHARGES, min_size=1, max_size=25), rows=MEASURED)
def test_random_months_reconcile_to_the_cent(
    charges: list[Charge], rows: list[dict[str, Any]]
) -> None:
    bill = Bill(month="2026-10", currency="USD", charges=tuple(charges))
    measured = measured_month(rows)

    allocation = allocate(bill, measured)

    for measure in ("billed", "effective"):
        total = bill.total(measure)
        assert sum(getattr(part, measure) for part in allocation.parts) == total
        for by in (("app",), ("project", "team"), ("app", "version", "ring")):
            shown = sum(getattr(row, measure) for row in showback(allocation, by=by).rows)
            assert abs(shown - total) <= Decimal("0.005")
    ratios: dict[int, Decimal] = {}
    for part in allocation.parts:
        ratios[id(part.charge)] = ratios.get(id(part.charge), Decimal(0)) + part.ratio
    assert all(abs(ratio - 1) < Decimal("1e-20") for ratio in ratios.values())
    exported = list(chargeback_rows(allocation, account="444455556666"))
    assert sum(Decimal(row["EffectiveCost"]) for row in exported) == bill.total("effective")
    assert len({frozenset(row) for row in exported}) == 1


def test_a_measurement_of_nothing_is_valid() -> None:
    assert isinstance(measured_month([]), MeasuredMonth)
