"""Reading FOCUS files."""

import gzip
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mobile_ai.operations.showback.bill import Bill, Charge, read_bill, require_price_currency
from mobile_ai.operations.showback.errors import ShowbackError
from tests.operations.showback.bills import row, write_csv


def read(tmp_path: Path, *rows: dict[str, Any], month: str = "2026-10") -> Bill:
    return read_bill([write_csv(tmp_path / "bill.csv", rows)], month=month)


def test_hours_of_one_resource_become_one_charge(tmp_path: Path) -> None:
    hour = row(cost="0.000000000000001", tags={"app": "a", "cost-center": "c"}, resource="r")

    bill = read(tmp_path, hour, hour, hour)

    assert bill.charges == (
        Charge(
            service="Amazon CloudFront",
            category="Usage",
            resource="r",
            tags={"app": "a", "cost-center": "c"},
            billed=Decimal("3e-15"),
            effective=Decimal("3e-15"),
        ),
    )


def test_every_kind_of_file_reads_the_same(tmp_path: Path) -> None:
    plain = write_csv(tmp_path / "bill.csv", [row(cost="1.10"), row("AWS Lambda", cost="2.2")])
    packed = tmp_path / "bill.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    columns = tmp_path / "bill.parquet"
    duckdb.sql(f"COPY (FROM read_csv('{plain}')) TO '{columns}'")

    bills = [read_bill([path], month="2026-10") for path in (plain, packed, columns)]

    assert bills[0] == bills[1]
    assert bills[2].total("billed") == Decimal("3.3") == bills[0].total("billed")
    assert [c.service for c in bills[2].charges] == [c.service for c in bills[0].charges]


@pytest.mark.parametrize(
    "spelling",
    ["mobile-ai:cost-center", "user:mobile-ai:cost-center", "user_mobile_ai_cost_center"],
)
def test_tags_are_read_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    line = row() | {"Tags": f'{{"{spelling}": "cc-1", "aws:createdBy": "x"}}'}

    assert read(tmp_path, line).charges[0].tags == {"cost-center": "cc-1"}


def test_other_months_are_left_out_and_counted(tmp_path: Path) -> None:
    other = (row(cost="7", month="2026-09"), row(cost="0.5", month="2026-08", currency="EUR"))
    bill = read(tmp_path, row(cost="5"), *other)

    assert (bill.total("billed"), bill.other_rows) == (5, 2)
    assert bill.other_billed == {"EUR": Decimal("0.5"), "USD": Decimal(7)}


@pytest.mark.parametrize(
    "start", ["2026-10-01", "2026-10-01T00:00:00+00:00", "2026-09-30T22:00:00-02:00"]
)
def test_a_period_is_read_in_every_form_of_iso_8601(tmp_path: Path, start: str) -> None:
    bill = read(tmp_path, row(cost="5"), row(cost="7") | {"BillingPeriodStart": start})

    assert (bill.total("billed"), bill.other_rows) == (12, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"BilledCost": "twelve"}, "numbers in BilledCost"),
        ({"BilledCost": ""}, "empty BilledCost"),
        ({"EffectiveCost": ""}, "empty BilledCost or EffectiveCost"),
        ({"ChargeCategory": "Gift"}, "category 'Gift'"),
        ({"BillingCurrency": "EUR"}, "currencies ['EUR', 'USD']"),
        ({"Tags": "{"}, "Tags of a charge of Amazon CloudFront"),
        ({"BillingCurrency": ""}, "currencies ['', 'USD']"),
        ({"Tags": '[{"key": "mobile-ai:app", "value": "a"}]'}, "got list"),
        ({"BillingPeriodStart": ""}, "bill.csv, row 2: got BillingPeriodStart None"),
        ({"BillingPeriodStart": "10/01/2026"}, "bill.csv, row 2: got BillingPeriodStart '10/01"),
        ({"BillingPeriodStart": "2026-13-01"}, "row 2: got BillingPeriodStart"),
        ({"BillingAccountId": "999999999999"}, "payers (BillingAccountId) ['444455556666', '9999"),
        (
            {"Tags": '{"mobile-ai:app": "a", "user:mobile_ai:app": "b"}'},
            "'app' twice in",
        ),
    ],
)
def test_a_row_that_cannot_be_right(tmp_path: Path, change: dict[str, str], message: str) -> None:
    rows = (row(), row() | change)

    with pytest.raises(ShowbackError, match=re.escape(message)):
        read(tmp_path, *rows)


def test_files_that_are_none(tmp_path: Path) -> None:
    text = tmp_path / "bill.txt"
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")

    for path, message in {
        text: "suffix '.txt'",
        tmp_path / "none.csv": "no such file",
        other: "no column BilledCost",
        broken: "broken.parquet",
    }.items():
        with pytest.raises(ShowbackError, match=re.escape(message)):
            read_bill([path], month="2026-10")
    with pytest.raises(ShowbackError, match="no row of that month"):
        read(tmp_path, row(), month="2026-11")
    with pytest.raises(ShowbackError, match="expected YYYY-MM"):
        read(tmp_path, row(), month="2026-13")


def test_a_parquet_export_is_read_as_its_types_are(tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    duckdb.sql(f"""COPY (SELECT 0.0000001::DOUBLE AS BilledCost, 2.5::DOUBLE AS EffectiveCost,
        'USD' AS BillingCurrency, TIMESTAMP_MS '2026-10-01' AS BillingPeriodStart,
        'Usage' AS ChargeCategory, 'AWS Lambda' AS ServiceName,
        MAP {{'mobile-ai:app': 'a "b"'}} AS Tags) TO '{path}'""")

    (charge,) = read_bill([path], month="2026-10").charges

    assert (charge.billed, charge.tags) == (Decimal("1e-7"), {"app": 'a "b"'})


@pytest.mark.parametrize("what", ["node prices", "budgets"])
def test_a_bill_in_another_currency_is_not_added_to_dollars(what: str) -> None:
    bill = Bill(month="2026-10", currency="EUR", charges=())

    with pytest.raises(ShowbackError, match=rf"a bill in EUR and {what} in USD") as caught:
        require_price_currency(bill, what)

    assert "no rate of exchange is known" in caught.value.next_step


def test_one_file_is_not_counted_twice(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "bill.csv", [row()])

    with pytest.raises(ShowbackError, match="one file twice"):
        read_bill([path, tmp_path / "." / "bill.csv"], month="2026-10")
