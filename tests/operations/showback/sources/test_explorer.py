"""Cost Explorer's answers become rows that sum to its own total."""

import csv
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import botocore.awsrequest
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.operations.showback.bill import read_bill
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.focus_files import write_focus
from mobile_ai.operations.showback.sources.aws_errors import asking
from mobile_ai.operations.showback.sources.cells import Month
from mobile_ai.operations.showback.sources.explorer import GROSS, Explorer, break_down
from mobile_ai.operations.showback.sources.rows import category_of, explorer_rows
from mobile_ai.pricing.focus import MANDATORY
from tests.operations.showback.sources.explorer_double import ExplorerDouble, Line

OCTOBER = Month(start="2026-10-01", end="2026-11-01")
OURS = {"environment": "prod", "project": "p", "app": "a", "team": "t"}


def rows_of(double: Any, month: Month = OCTOBER, **options: Any) -> list[dict[str, Any]]:
    cells = break_down(Explorer(double, month, **options))
    return list(explorer_rows(cells, month="2026-10", account="999"))


def test_a_charge_keeps_its_tags_service_and_category() -> None:
    lines = [
        Line(billed="1.0000000001", effective="0.5", tags=OURS),
        Line(billed="2", service="Amazon EC2 Container Registry (ECR)", record="Credit"),
    ]

    rows = rows_of(ExplorerDouble(lines))

    found = {row["ServiceName"]: row for row in rows}
    mine, shared = found["Amazon CloudFront"], found["Amazon Elastic Container Registry"]
    assert (mine["BilledCost"], mine["EffectiveCost"]) == ("1.0000000001", "0.5")
    assert json.loads(mine["Tags"]) == {f"mobile-ai:{key}": OURS[key] for key in OURS}
    assert (shared["ChargeCategory"], shared["Tags"]) == ("Credit", "{}")
    assert shared["ListCost"] is None
    assert shared["BillingPeriodEnd"] == "2026-11-01T00:00:00Z"


_TAGS = st.dictionaries(st.sampled_from(sorted(OURS)), st.sampled_from(["x", "y$z", "é"]))
_LINES = st.lists(
    st.builds(
        Line,
        billed=st.decimals(-1000, 1000, places=10).map(str),
        effective=st.decimals(-1000, 1000, places=10).map(str),
        service=st.sampled_from(["Tax", "AWS Lambda", "EC2 - Other"]),
        record=st.sampled_from(["Usage", "Tax", "Refund"]),
        day=st.sampled_from(["2026-10-01", "2026-10-15"]),
        tags=_TAGS,
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(lines=_LINES, page=st.integers(1, 5), granularity=st.sampled_from(["DAILY", "MONTHLY"]))
def test_rows_sum_to_the_charges_to_the_last_digit(
    lines: list[Line], page: int, granularity: str
) -> None:
    month = Month(start="2026-10-01", end="2026-11-01", granularity=granularity)

    rows = rows_of(ExplorerDouble(lines, page=page), month, most=1000)

    def sums(pairs: Any) -> dict[Any, Decimal]:
        found: dict[Any, Decimal] = {}
        for key, amount in pairs:
            found[key] = found.get(key, Decimal(0)) + Decimal(amount)
        return {key: amount for key, amount in found.items() if amount}

    tagged = [({f"mobile-ai:{k}": v for k, v in line.tags.items()}, line) for line in lines]
    wanted = [((json.dumps(t, sort_keys=True), i.service), i) for t, i in tagged]
    keys = [(row["Tags"], row["ServiceName"]) for row in rows]
    for place, column in enumerate(("BilledCost", "EffectiveCost")):
        assert sums((key, item.amounts()[place]) for key, item in wanted) == sums(
            (key, row[column]) for key, row in zip(keys, rows, strict=True)
        )


def test_a_month_of_one_application_costs_few_requests() -> None:
    double = ExplorerDouble([Line(billed="1", tags=OURS), Line(billed="1", service="Tax")])
    explorer = Explorer(double, OCTOBER, account="111122223333")

    break_down(explorer)

    # The whole; its environments and projects; applications of two; services of two.
    assert explorer.requests == len(double.asked) == 6
    assert all(len(question.get("GroupBy", [])) in {0, 2} for question in double.asked)
    assert all("LINKED_ACCOUNT" in json.dumps(question["Filter"]) for question in double.asked)


def test_tags_that_nobody_has_are_never_filtered_by() -> None:
    double = ExplorerDouble([Line(billed="1"), Line(billed="1", service="Tax")])

    assert len(rows_of(double)) == 2
    assert [question.get("Filter") for question in double.asked] == [None] * 4


class _Changing(ExplorerDouble):
    """A month that AWS changes after some answers."""

    def __init__(self, before: list[Line], then: list[Line], *, after: int) -> None:
        super().__init__(before)
        self.then, self.after = then, after

    def get_cost_and_usage(self, **question: Any) -> dict[str, Any]:
        answer = super().get_cost_and_usage(**question)
        if len(self.asked) == self.after:
            self.lines = self.then
        return answer


@pytest.mark.parametrize("after", [1, 2, 3])
def test_figures_that_change_meanwhile_are_no_bill(after: int) -> None:
    before = [Line(billed="1", tags=OURS)]
    double = _Changing(before, [*before, Line(billed="0.01", tags=OURS)], after=after)

    with pytest.raises(ShowbackError, match=r"1\.01 billed.*to the cent.*run it again"):
        rows_of(double)


def test_less_than_half_a_cent_is_no_difference() -> None:
    double = _Changing([Line(billed="1", tags=OURS)], [Line(billed="1.0049", tags=OURS)], after=1)

    assert [row["BilledCost"] for row in rows_of(double)] == ["1.0049"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a["ResultsByTime"][0]["Total"].pop("NetAmortizedCost"), "use --gross"),
        (lambda a: a["ResultsByTime"][0]["Total"]["NetAmortizedCost"].update(Unit="EUR"), "two"),
        (lambda a: a["ResultsByTime"][0]["Total"]["NetAmortizedCost"].update(Amount="?"), "'?'"),
        (lambda a: a["ResultsByTime"][0]["Total"]["NetAmortizedCost"].update(Amount="NaN"), "NaN"),
        (lambda a: a["ResultsByTime"].clear(), "got no charge"),
    ],
)
def test_an_answer_that_cannot_be_right(change: Callable[[Any], Any], message: str) -> None:
    class Odd(ExplorerDouble):
        def get_cost_and_usage(self, **question: Any) -> Any:
            answer = super().get_cost_and_usage(**question)
            change(answer)
            return answer

    with pytest.raises(ShowbackError, match=re.escape(message)):
        rows_of(Odd([Line(billed="1")]))


def test_a_group_of_another_tag_is_refused() -> None:
    class Odd(ExplorerDouble):
        def get_cost_and_usage(self, **question: Any) -> Any:
            text = json.dumps(super().get_cost_and_usage(**question))
            return json.loads(text.replace("mobile-ai:project$", "project$"))

    with pytest.raises(ShowbackError, match=re.escape("group 'project$p'")):
        rows_of(Odd([Line(billed="1", tags=OURS)]))


def test_gross_costs_are_asked_for_by_name() -> None:
    double = ExplorerDouble([Line(billed="1")])

    rows_of(double, metrics=GROSS)

    assert double.asked[0]["Metrics"] == ["UnblendedCost", "AmortizedCost"]


def test_no_more_requests_than_agreed_are_paid_for() -> None:
    double = ExplorerDouble([Line(billed="1", tags=OURS)], page=1)

    with pytest.raises(ShowbackError, match=r"more than 3 requests \(USD 0\.03\)"):
        rows_of(double, most=3)
    assert len(double.asked) == 3


@pytest.mark.parametrize(
    ("record", "category"),
    [
        ("Usage", "Usage"),
        ("SavingsPlanCoveredUsage", "Usage"),
        ("Savings Plan Recurring Fee", "Purchase"),
        ("Upfront", "Purchase"),
        ("Tax", "Tax"),
        ("Credit", "Credit"),
        ("Refund", "Adjustment"),
        ("Enterprise Discount Program Discount", "Adjustment"),
        ("", "Adjustment"),
    ],
)
def test_record_types_in_both_spellings_have_a_category(record: str, category: str) -> None:
    assert category_of(record) == category


@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz"])
def test_the_file_is_a_bill_as_the_showback_reads_it(tmp_path: Path, name: str) -> None:
    lines = [Line(billed="1E-10", tags=OURS), Line(billed="-0.3", record="Refund")]

    count = write_focus(tmp_path / name, rows_of(ExplorerDouble(lines)))

    bill = read_bill([tmp_path / name], month="2026-10")
    assert (count, bill.total("billed")) == (2, Decimal("-0.2999999999"))
    assert {charge.tags.get("app") for charge in bill.charges} == {"a", None}


def _answering(*answers: tuple[int, dict[str, Any]]) -> Any:
    """Return a real client whose requests get these answers, and a list of what it sent."""
    client = boto3.client(
        "ce",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"mode": "standard", "max_attempts": 3}),
    )
    left = list(answers)

    def send(request: Any, **_: Any) -> Any:
        status, value = left.pop(0) if len(left) > 1 else left[0]
        raw = type("Raw", (), {"stream": lambda *_, **__: iter([json.dumps(value).encode()])})()
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return botocore.awsrequest.AWSResponse(request.url, status, headers, raw)

    client.meta.events.register("before-send.ce", send)
    return client


def _error(code: str) -> tuple[int, dict[str, Any]]:
    return 400, {"__type": code, "message": "as AWS says it"}


def test_a_throttled_request_is_tried_again() -> None:
    period = {"Start": "2026-10-01", "End": "2026-11-01"}
    total = {
        name: {"Amount": "2", "Unit": "USD"} for name in ("NetUnblendedCost", "NetAmortizedCost")
    }
    good = {"ResultsByTime": [{"TimePeriod": period, "Total": total, "Estimated": True}]}
    client = _answering(_error("ThrottlingException"), (200, good))

    (cell,) = Explorer(client, OCTOBER).ask()

    assert (cell.amounts.billed, cell.estimated) == (2, True)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "a role that may ce:GetCostAndUsage"),
        ("LimitExceededException", "still throttles"),
        ("DataUnavailableException", "wait for a day"),
        ("ExpiredTokenException", "log in"),
        ("BillExpirationException", "see what AWS says"),
    ],
)
def test_what_aws_refuses_says_what_to_do(code: str, message: str) -> None:
    with pytest.raises(ShowbackError, match=message) as caught:
        Explorer(_answering(_error(code)), OCTOBER).ask()
    assert f"got {code}: as AWS says it" in str(caught.value)


def test_nobody_logged_in_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    client = boto3.session.Session().client("ce", region_name="us-east-1")

    with pytest.raises(ShowbackError, match="got no AWS credentials"):
        Explorer(client, OCTOBER).ask()


def test_an_unreachable_aws_is_told_without_a_trace() -> None:
    client = boto3.client(
        "ce",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"mode": "standard", "max_attempts": 1}, connect_timeout=1),
    )
    with pytest.raises(ShowbackError, match="EndpointConnectionError"), asking("x", permission="y"):
        client.get_cost_and_usage(
            TimePeriod={"Start": "a", "End": "b"}, Granularity="DAILY", Metrics=["x"]
        )


def test_columns_are_those_of_the_specification(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    write_focus(path, rows_of(ExplorerDouble([Line(billed="1")])))

    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["ChargePeriodEnd"] == "2026-11-01T00:00:00Z"
    assert {row["ProviderName"], row["ServiceCategory"]} == {"Amazon Web Services", "Networking"}


def test_a_file_without_rows_has_the_mandatory_columns(tmp_path: Path) -> None:
    assert write_focus(tmp_path / "none.csv", []) == 0
    assert (tmp_path / "none.csv").read_text().strip() == ",".join(MANDATORY)
