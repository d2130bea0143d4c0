"""FOCUS 1.2 rows against the rules of the columns."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing import estimate, focus_rows
from mobile_ai.pricing.focus import BANDS, COLUMNS, MANDATORY, focus_row, month_period
from tests.pricing.support import UNPRICED, shipped

# Columns that FOCUS 1.2 lets be null (Cost and Usage, column rules).
NULLABLE = {
    "BillingAccountName",
    "ChargeClass",
    "ChargeDescription",
    "PricingQuantity",
    "PricingUnit",
}
CATEGORIES = {
    "AI and Machine Learning",
    "Analytics",
    "Business Applications",
    "Compute",
    "Databases",
    "Developer Tools",
    "Identity",
    "Integration",
    "Internet of Things",
    "Management and Governance",
    "Media",
    "Migration",
    "Mobile",
    "Multicloud",
    "Networking",
    "Security",
    "Storage",
    "Web",
    "Other",
}
COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")


@pytest.fixture(scope="module")
def rows(prod: list[Resource]) -> list[dict[str, Any]]:
    plan = [*prod, UNPRICED]
    return list(focus_rows(estimate(plan, shipped()), account="444455556666", year=2026, month=12))


def test_every_mandatory_column_is_there(rows: list[dict[str, Any]]) -> None:
    assert len(MANDATORY) == 21
    for row in rows:
        assert set(MANDATORY) <= set(row)


def test_only_nullable_columns_are_null_where_the_cost_is_known(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        empty = {name for name in MANDATORY if row[name] is None}
        assert empty <= NULLABLE | (set(COSTS) if row["x_EstimateStatus"] == "unknown" else set())


def test_an_unknown_cost_is_null_and_never_zero(rows: list[dict[str, Any]]) -> None:
    unknown = [row for row in rows if row["x_EstimateStatus"] == "unknown"]

    assert unknown
    for row in unknown:
        assert {row[name] for name in COSTS} == {None}


def test_values_are_of_the_closed_lists(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert row["ServiceCategory"] in CATEGORIES
        assert row["ServiceName"] != "Other"
        assert row["ChargeCategory"] in {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
        assert row["ChargeClass"] in {None, "Correction"}
        assert re.fullmatch("[A-Z]{3}", row["BillingCurrency"])


def test_times_are_utc_and_the_period_is_the_month(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        for name in ("BillingPeriodStart", "ChargePeriodStart"):
            assert row[name] == "2026-12-01T00:00:00Z"
        for name in ("BillingPeriodEnd", "ChargePeriodEnd"):
            assert datetime.fromisoformat(row[name]).isoformat() == "2027-01-01T00:00:00+00:00"


def test_a_unit_stands_exactly_where_a_quantity_does(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        assert (row["PricingQuantity"] is None) == (row["PricingUnit"] is None)


def test_the_typical_rows_add_up_to_the_estimate(
    rows: list[dict[str, Any]], prod: list[Resource]
) -> None:
    total = sum(
        Decimal(row["BilledCost"])
        for row in rows
        if row["x_EstimateBand"] == "typical" and row["BilledCost"] is not None
    )

    assert total == estimate(prod, shipped()).total().amount.typical


def test_every_band_has_as_many_rows(rows: list[dict[str, Any]]) -> None:
    counts = {band: sum(row["x_EstimateBand"] == band for row in rows) for band in BANDS}

    assert len(set(counts.values())) == 1


def test_own_columns_begin_with_x(rows: list[dict[str, Any]]) -> None:
    optional = {"RegionId", "ResourceId", "ResourceName", "ResourceType"}

    assert {
        name for name in set(rows[0]) - set(MANDATORY) - optional if not name.startswith("x_")
    } == set()


def test_a_line_of_one_deployment_names_its_model(rows: list[dict[str, Any]]) -> None:
    own = [
        row for row in rows if "edge" in str(row["x_ModelName"]) or row["x_ModelName"] == "digits"
    ]

    assert {(row["x_ModelName"], row["x_ModelVersion"]) for row in own} == {("digits", "1.1.0")}


def test_every_row_has_columns_of_the_list_alone(rows: list[dict[str, Any]]) -> None:
    assert {name for row in rows for name in row} <= set(COLUMNS)


def test_a_column_is_written_by_its_kind() -> None:
    found = focus_row(
        account="444455556666",
        currency="USD",
        period=month_period("2026-12"),
        service="AWS Lambda",
        BilledCost=Decimal("1E-7"),
        Tags={"b": "2", "a": "1"},
        x_Estimated=True,
    )

    assert (found["BilledCost"], found["EffectiveCost"]) == ("0.0000001", None)
    assert (found["Tags"], found["x_Estimated"]) == ('{"a": "1", "b": "2"}', "true")
    assert found["BillingPeriodEnd"] == found["ChargePeriodEnd"] == "2027-01-01T00:00:00Z"
    assert (found["ServiceCategory"], found["ProviderName"]) == ("Compute", "Amazon Web Services")


def test_a_column_that_is_not_listed_is_a_mistake() -> None:
    period = month_period("2026-01")
    with pytest.raises(KeyError, match="Billed"):
        focus_row(account="", currency="USD", period=period, service="", Billed=Decimal(1))
