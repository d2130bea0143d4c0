"""Month-to-date charges from FOCUS files."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.report.actuals import read_actuals

ROW = {
    "BilledCost": "1.25",
    "BillingCurrency": "USD",
    "ChargePeriodEnd": "2026-11-15T00:00:00Z",
    "Tags": '{"mobile-ai:app": "field", "user:mobile-ai:cost-center": "cc-1", "other": "x"}',
}


def written(folder: Path, *rows: object, name: str = "bill.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_rows_of_the_latest_month_count_up_to_its_last_charge(tmp_path):
    old = {**ROW, "ChargePeriodEnd": "2026-11-01T00:00:00Z"}  # the end of October

    found = read_actuals(written(tmp_path, old, ROW))

    assert (found.month, found.day, found.days) == ("2026-11", 14, 30)
    assert found.total() == Decimal("1.25")


def test_cost_tags_are_read_however_the_bill_spells_them(tmp_path):
    charges = read_actuals(written(tmp_path, ROW)).charges

    assert charges[0][0] == {"app": "field", "cost-center": "cc-1"}


def test_csv_and_json_lines_say_the_same(tmp_path):
    with (tmp_path / "bill.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ROW)
        writer.writeheader()
        writer.writerow(ROW)

    assert read_actuals(tmp_path / "bill.csv") == read_actuals(written(tmp_path, ROW))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"BilledCost": "much"}, "a cost, a time and tags"),
        ({"BilledCost": "NaN"}, "BilledCost 'NaN'"),
        ({"BillingCurrency": "EUR"}, "currency 'EUR'"),
        ({"ChargePeriodEnd": "some day"}, "a cost, a time and tags"),
        ({"Tags": "[1]"}, "a cost, a time and tags"),
    ],
)
def test_row_that_cannot_be_read_is_refused_and_nothing_is_summed(tmp_path, change, message):
    with pytest.raises(GateError, match="nothing was summed") as caught:
        read_actuals(written(tmp_path, ROW, {**ROW, **change}))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "a,b\n1,2\n", "BilledCost\n"])
def test_file_that_is_no_bill_is_refused(tmp_path, text):
    (tmp_path / "bill.csv").write_text(text)
    with pytest.raises(GateError, match=r"bill\.csv"):
        read_actuals(tmp_path / "bill.csv")


def test_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(GateError, match="got No such file or directory"):
        read_actuals(tmp_path / "none.csv")
