"""An export in S3 becomes one FOCUS file: the newest execution of a month, and only that."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from moto import mock_aws

from mobile_ai.gate.report.actuals import read_actuals
from mobile_ai.operations.showback.bill import Bill, read_bill
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.sources.export import fetch_export
from tests.operations.showback.bills import row, write_csv

BUCKET, EXPORT = "billing", "exports/focus"
ADDRESS = f"s3://{BUCKET}/{EXPORT}"
# As AWS Data Exports types the columns of a Parquet file.
_PARQUET = """COPY (SELECT * REPLACE (
    CAST(BilledCost AS DOUBLE) AS BilledCost, CAST(EffectiveCost AS DOUBLE) AS EffectiveCost,
    CAST(BillingPeriodStart AS TIMESTAMP_MS) AS BillingPeriodStart,
    CAST(ChargePeriodStart AS TIMESTAMPTZ) AS ChargePeriodStart,
    CAST(ChargePeriodEnd AS TIMESTAMP_MS) AS ChargePeriodEnd,
    CAST(CAST(Tags AS JSON) AS MAP(VARCHAR, VARCHAR)) AS Tags)
    FROM read_csv('{}', all_varchar = true)) TO '{}' (FORMAT parquet)"""


class Export:
    """A bucket as AWS Data Exports fills it."""

    def __init__(self, s3: Any, folder: Path) -> None:
        self.s3, self.folder = s3, folder

    def put(self, name: str, *rows: dict[str, Any], month: str = "2026-10") -> str:
        """Write one data file and return its address."""
        plain = write_csv(self.folder / "rows.csv", rows)
        path = self.folder / "file"
        if name.endswith(".parquet"):
            duckdb.sql(_PARQUET.format(plain, path))
        else:
            path.write_bytes(gzip.compress(plain.read_bytes()))
        key = f"{EXPORT}/data/BILLING_PERIOD={month}/{name}"
        self.s3.upload_file(str(path), BUCKET, key)
        return f"s3://{BUCKET}/{key}"

    def deliver(self, *files: str, execution: str = "", month: str = "2026-10") -> str:
        """Write the manifest of an execution and return its key."""
        folder = f"{EXPORT}/metadata/BILLING_PERIOD={month}/{execution}"
        manifest = {"executionId": execution or "e1", "dataFiles": list(files)}
        self.s3.put_object(
            Bucket=BUCKET, Key=f"{folder}focus-Manifest.json", Body=json.dumps(manifest)
        )
        return f"{folder}focus-Manifest.json"

    def fetch(self, name: str = "bill.csv", month: str = "2026-10") -> Bill:
        """Fetch a month and read it."""
        fetch_export(self.s3, ADDRESS, month=month, out=self.folder / name)
        return read_bill([self.folder / name], month=month)


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Export]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        yield Export(s3, tmp_path)


@pytest.mark.parametrize("ending", ["csv.gz", "snappy.parquet"])
@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz"])
def test_all_files_of_an_execution_are_one_bill(export: Export, ending: str, name: str) -> None:
    tags = {"app": "a", "environment": "prod"}
    files = [
        export.put(f"focus-00001.{ending}", row(cost="0.0000001", tags=tags, resource="r")),
        export.put(f"focus-00002.{ending}", row("AWS Lambda", cost="2.5", effective="2")),
    ]
    export.deliver(*files)

    bill = export.fetch(name)

    assert (bill.total("billed"), bill.total("effective")) == (
        Decimal("2.5000001"),
        Decimal("2.0000001"),
    )
    assert {charge.resource: charge.tags for charge in bill.charges} == {"r": tags, "": {}}


def test_the_gate_reads_the_same_file(export: Export) -> None:
    export.deliver(export.put("focus-00001.parquet", row(cost="3", tags={"app": "a"})))
    export.fetch()

    billed = read_actuals(export.folder / "bill.csv")

    assert (billed.month, billed.total(app="a")) == ("2026-10", Decimal(3))


def test_only_the_newest_execution_counts(export: Export) -> None:
    first = export.put("20261020T1-a/focus-00001.csv.gz", row(cost="5"))
    export.deliver(first, execution="20261020T1-a/")
    second = export.put("20261021T1-b/focus-00001.csv.gz", row(cost="7"))
    export.deliver(second, execution="20261021T1-b/")

    assert export.fetch().total("billed") == 7


def test_rows_of_other_months_stay_out(export: Export) -> None:
    export.deliver(export.put("f.csv.gz", row(cost="5"), row(cost="9", month="2026-09")))

    bill = export.fetch()

    assert (bill.total("billed"), bill.other_rows) == (5, 0)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "0 data files"),
        (
            ["s3://other/exports/focus/data/BILLING_PERIOD=2026-10/f.csv.gz"],
            "data file 's3://other",
        ),
        ([f"{ADDRESS}/data/BILLING_PERIOD=2026-09/f.csv.gz"], "data file"),
        ([f"{ADDRESS}/data/BILLING_PERIOD=2026-10/f.zip"], "data file"),
        ([f"{ADDRESS}/data/BILLING_PERIOD=2026-10/f.csv.gz"] * 2, "2 data files"),
        ([f"{ADDRESS}/data/BILLING_PERIOD=2026-10/f.csv.gz"], "404"),
    ],
)
def test_a_manifest_that_leads_elsewhere(export: Export, files: list[str], message: str) -> None:
    export.deliver(*files)

    with pytest.raises(ShowbackError, match=message):
        export.fetch()


def test_a_manifest_that_is_none(export: Export) -> None:
    key = export.deliver()
    export.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{")

    with pytest.raises(ShowbackError, match="dataFiles"):
        export.fetch()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("focus", "--from: got 'focus'"),
        ("s3://billing", "--from"),
        ("s3://billing/elsewhere", "got no manifest"),
        ("s3://nobody/exports/focus", "NoSuchBucket"),
    ],
)
def test_an_address_that_is_none(export: Export, address: str, message: str) -> None:
    with pytest.raises(ShowbackError, match=message):
        fetch_export(export.s3, address, month="2026-10", out=export.folder / "x.csv")


@pytest.mark.parametrize("month", ["2026-13", "10", "2026-10' OR '1'='1"])
def test_a_month_that_is_none_is_asked_of_nobody(export: Export, month: str) -> None:
    with pytest.raises(ShowbackError, match="expected YYYY-MM"):
        export.fetch(month=month)


def test_a_file_that_is_no_focus_file(export: Export) -> None:
    line = row()
    del line["BilledCost"]
    export.deliver(export.put("f.csv.gz", line))

    with pytest.raises(ShowbackError, match="no column BilledCost"):
        export.fetch()


def test_a_delivery_meanwhile_is_no_mixture(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = export.put("f.csv.gz", row(cost="5"))
    export.deliver(file)
    download = export.s3.download_file

    def and_deliver(*arguments: Any) -> None:
        download(*arguments)
        export.deliver(file, f"{file}.more.csv.gz")

    monkeypatch.setattr(export.s3, "download_file", and_deliver)

    with pytest.raises(ShowbackError, match="a new execution while it was read"):
        export.fetch()
