"""`mobile-ai cost showback` as finance runs it."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.cli.main import main
from tests.operations.showback.bills import row, write_csv
from tests.stack.sample import stack_text

MEASURED = {
    "apiVersion": "mobile-ai/v1",
    "kind": "MeasuredMonth",
    "month": "2026-10",
    "rows": [
        {"app": "field-assistant", "version": "1.0.0", "ring": "general", "deliveredBytes": 3},
        {"app": "field-assistant", "version": "1.1.0", "ring": "canary", "deliveredBytes": 1},
    ],
}


def _budgets(values: dict[str, Any]) -> None:
    notify = ["costs@example.com"]
    values["budgets"] = [
        {"name": "stack", "scope": "stack", "monthlyUsd": 20, "kind": "soft", "notify": notify},
        {
            "name": "mine",
            "scope": "app:field-assistant",
            "monthlyUsd": 5,
            "kind": "hard",
            "notify": notify,
        },
    ]
    values["deployments"][0]["budget"] = "mine"


STACK = stack_text(_budgets)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    (tmp_path / "measured.json").write_text(json.dumps(MEASURED))
    write_csv(tmp_path / "bill.csv", [row(cost="10.01"), row("Amazon Kinesis", cost="2")])


def run(*arguments: str, month: str = "2026-10") -> int:
    options = ["--stack", "dev", "--month", month, "--bill", "bill.csv"]
    with pytest.raises(SystemExit) as ended:
        main(["cost", "showback", *options, "--measured", "measured.json", *arguments])
    return int(ended.value.code or 0)


def test_a_month_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--by", "app,version") == 0

    shown = capsys.readouterr().out
    assert "unallocated: Amazon Kinesis 2.00: no measured events" in shown
    assert "budget mine: 10.01 of 5.00, forecast 10.01, no plan" in shown
    assert "12.01" in shown


def test_a_tags_value_is_printed_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    tags = {"app": "x\n::error::y \u202e\u001b[31m [bold]z"}
    write_csv(Path("bill.csv"), [row(cost="10.01", tags=tags)])

    assert run("--by", "app") == 0

    lines = capsys.readouterr().out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert "[bold]z" in "".join(line.replace(" ", "") for line in lines)


def test_a_month_as_json_and_as_chargeback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--by", "version", "--json", "--focus", "out.csv", "--account", "1") == 0

    found = json.loads(capsys.readouterr().out)
    assert [(r["version"], r["effective"]) for r in found["rows"]] == [
        ("1.0.0", "7.51"),
        ("1.1.0", "2.50"),
        ("", "2.00"),
    ]
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        charged = list(csv.DictReader(file))
    assert sum(Decimal(item["BilledCost"]) for item in charged) == Decimal("12.01")


def test_a_month_that_is_not_closed_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(cost="1") | {"x_Estimated": flag} for flag in ("false", "true")]
    write_csv(Path("bill.csv"), rows)

    assert run() == 0
    assert "may still change" in capsys.readouterr().out
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out)["estimated"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "colour"], "--by: got 'colour'"),
        (["--as-of", "yesterday"], "--as-of: got 'yesterday'"),
        (["--as-of", "2026-09-30"], "no day is over"),
        (["--bill", "none.csv"], "none.csv: got no such file"),
    ],
)
def test_mistakes_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(*arguments) == 2

    assert message in capsys.readouterr().err


def test_a_measurement_of_another_month_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(month="2026-09") == 2

    assert "got month 2026-10; expected month 2026-09" in capsys.readouterr().err
