"""`mobile-ai cost actuals` as finance runs it, against moto's Cost Explorer and S3."""

import csv
import datetime as dt
import gzip
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto import mock_aws

from mobile_ai.cli.main import main
from mobile_ai.cli.money import actuals
from mobile_ai.gate.report.actuals import read_actuals
from mobile_ai.operations.showback.bill import read_bill
from mobile_ai.operations.showback.sources.cells import Month
from mobile_ai.operations.showback.sources.explorer import Explorer, break_down
from tests.operations.showback.bills import row, write_csv
from tests.operations.showback.sources.explorer_double import ExplorerDouble, Line

QUEUE = "http://motoapi.amazonaws.com/moto-api/static/ce/cost-and-usage-results"
TAGS = {"environment": "prod", "project": "p", "app": "a"}
LINES = (Line(billed="12.34", effective="10", tags=TAGS), Line(billed="0.66", service="Tax"))


@pytest.fixture(autouse=True)
def _aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


def answer_with(
    lines: Sequence[Line],
    month: str = "2026-10",
    end: str = "2026-11-01",
    *,
    granularity: str = "MONTHLY",
    estimated: bool = False,
) -> int:
    """Queue what Cost Explorer answers for these lines; return how many requests that takes."""
    double = ExplorerDouble(lines, estimated=estimated)
    break_down(Explorer(double, Month(start=f"{month}-01", end=end, granularity=granularity)))
    requests.post(QUEUE, json={"results": double.answers}, timeout=10)
    return len(double.answers)


def run(*arguments: str, month: str = "2026-10", out: str = "bill.csv") -> int:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "actuals", "--month", month, "--out", out, *arguments])
    return int(ended.value.code or 0)


def test_a_month_from_cost_explorer(capsys: pytest.CaptureFixture[str]) -> None:
    asked = answer_with(LINES)

    assert run() == 0

    shown = capsys.readouterr().out
    assert "billed: 13.00 USD\neffective: 10.66 USD" in shown
    assert f"{asked} requests, USD 0.0{asked}" in shown
    bill = read_bill([Path("bill.csv")], month="2026-10")
    assert {charge.service for charge in bill.charges} == {"Amazon CloudFront", "Tax"}
    assert read_actuals(Path("bill.csv")).total(app="a") == Decimal("12.34")


def test_a_month_that_aws_has_not_closed_says_so_from_the_file_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer_with(LINES, estimated=True)

    for _ in range(2):
        assert run() == 0
        assert "AWS has not closed this month" in capsys.readouterr().out


def test_rows_by_day_sum_to_the_same_month(capsys: pytest.CaptureFixture[str]) -> None:
    later = [Line(billed="1", day="2026-10-05", tags=TAGS)]
    answer_with([*LINES, *later], granularity="DAILY")

    assert run("--daily") == 0

    assert "billed: 14.00 USD" in capsys.readouterr().out
    with Path("bill.csv").open(encoding="utf-8", newline="") as file:
        days = {row["ChargePeriodEnd"] for row in csv.DictReader(file)}
    assert days == {"2026-10-02T00:00:00Z", "2026-10-06T00:00:00Z"}


def test_a_file_that_is_there_is_not_paid_for_again(capsys: pytest.CaptureFixture[str]) -> None:
    answer_with(LINES)
    run()
    before = Path("bill.csv").read_bytes()
    capsys.readouterr()

    assert run("--json") == 0

    said = json.loads(capsys.readouterr().out)
    assert (said["requests"], said["billed"][:5]) == (0, "13.00")
    assert Path("bill.csv").read_bytes() == before


def test_refresh_asks_again_and_keeps_the_file_if_that_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer_with(LINES)
    run()
    before = Path("bill.csv").read_bytes()

    assert run("--refresh", "--gross") == 2  # moto has no answer left: an empty one

    assert "got no charge" in capsys.readouterr().err
    assert Path("bill.csv").read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["bill.csv"]


def test_a_file_of_another_month_is_no_cache(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(Path("bill.csv"), [row(month="2026-09")])

    assert run() == 2
    assert "got no row of that month" in capsys.readouterr().err


def test_this_month_is_asked_up_to_yesterday(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Today(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Today":
            return cls(2026, 11, 20, tzinfo=tz)

    monkeypatch.setattr(actuals.dt, "datetime", Today)
    line = Line(billed="1", day="2026-11-03", tags=TAGS)
    answer_with([line], month="2026-11", end="2026-11-20")

    assert run(month="2026-11") == 0
    assert read_actuals(Path("bill.csv")).day == 19
    assert run(month="2026-12", out="later.csv") == 2
    assert "no day is over" in capsys.readouterr().err


def test_a_month_from_an_export(capsys: pytest.CaptureFixture[str]) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="billing")
    key = "focus/data/BILLING_PERIOD=2026-10/focus-00001.csv.gz"
    write_csv(Path("plain.csv"), [row(cost="4")])
    s3.put_object(Bucket="billing", Key=key, Body=gzip.compress(Path("plain.csv").read_bytes()))
    manifest = json.dumps({"dataFiles": [f"s3://billing/{key}"]})
    where = "focus/metadata/BILLING_PERIOD=2026-10/focus-Manifest.json"
    s3.put_object(Bucket="billing", Key=where, Body=manifest)

    assert run("--from", "s3://billing/focus", out="new/bill.csv.gz") == 0

    assert f"from: s3://billing/{where}\n" in capsys.readouterr().out
    assert read_bill([Path("new/bill.csv.gz")], month="2026-10").total("billed") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--month", "October"], "--month: got 'October'"),
        (["--out", "bill.parquet"], "--out: got bill.parquet"),
        (["--from", "billing"], "--from: got 'billing'"),
        (["--out", "plain/bill.csv"], "expected a file that can be written"),
    ],
)
def test_mistakes_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    Path("plain").write_text("a file, no folder")

    assert run(*arguments) == 2

    assert message in capsys.readouterr().err
