"""The monthly showback report."""

from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.operations.showback.allocate import Allocation, allocate
from mobile_ai.operations.showback.report import showback
from tests.operations.showback.months import bill_of, charge, measured_month

ROWS: list[dict[str, Any]] = [
    {
        "project": "p",
        "team": "t",
        "app": "a",
        "version": "1",
        "deliveredBytes": 1,
        "updates": 4,
        "inferences": 2000,
        "activeDevices": 10,
    },
    {"project": "p", "team": "u", "app": "b", "version": "1", "deliveredBytes": 2},
]


@pytest.fixture
def month() -> Allocation:
    bill = bill_of(
        charge("Amazon CloudFront", "0.01"),
        charge("AWS Lambda", "8", app="a"),
        charge("Amazon Kinesis", "3"),
    )
    return allocate(bill, measured_month(ROWS))


def test_rows_add_up_in_cents_and_the_dearest_comes_first(month: Allocation) -> None:
    found = showback(month, by=("team", "app"))

    assert [(row.key, str(row.effective)) for row in found.rows] == [
        (("t", "a"), "8.00"),
        (("", ""), "3.00"),
        (("u", "b"), "0.01"),
    ]


def test_what_a_unit_of_use_cost(month: Allocation) -> None:
    units = {(item.app, item.unit): item.cost for item in showback(month).units}

    assert units["a", "1,000 inferences"] == 4
    assert units["a", "update"] == Decimal("0.000833")
    assert units["a", "active device"] == Decimal("0.800333")
    assert units["b", "1,000 inferences"] is None


@pytest.mark.parametrize(
    ("scope", "actual"),
    [("stack", "11.01"), ("app:a", "8.00"), ("deployments", "0.01")],
)
def test_a_budget_covers_its_scope(month: Allocation, scope: str, actual: str) -> None:
    budget = {"name": "x", "scope": scope, "monthlyUsd": 5, "apps": ["b"]}

    (line,) = showback(month, budgets=[budget]).budgets

    assert line.to_dict()["actual"] == actual


@pytest.mark.parametrize(
    ("estimates", "forecast"),
    [({"x": Decimal(310)}, "218.00"), (None, "24.81"), ({}, "24.81")],
)
def test_the_month_end_is_the_plan_for_the_days_that_remain(
    month: Allocation, estimates: dict[str, Decimal] | None, forecast: str
) -> None:
    budget = {"name": "x", "scope": "app:a", "monthlyUsd": 5}

    (line,) = showback(month, budgets=[budget], estimates=estimates, elapsed=(10, 31)).budgets

    assert line.to_dict()["forecast"] == forecast


def test_the_json_form_is_text_in_cents(month: Allocation) -> None:
    found = showback(month).to_dict()

    assert found["total"] == {"billed": "11.01", "effective": "11.01"}
    assert found["unallocated"] == [
        {"service": "Amazon Kinesis", "reason": "no measured events", "effective": "3.00"}
    ]
