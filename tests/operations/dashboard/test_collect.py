"""The dashboard from other commands' output: a small fleet's telemetry, a month, a gate run."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.cli.main import main
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.dashboard.board import Board, Table
from mobile_ai.operations.dashboard.collect import Sources, collect_board

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NOW = dt.datetime.now(dt.UTC)
SHOWBACK = {
    "apiVersion": "mobile-ai/v1",
    "kind": "Showback",
    "month": "2026-10",
    "currency": "USD",
    "total": {"billed": "500.00", "effective": "533.92"},
    "rows": [
        {"app": "field-assistant", "billed": "400.00", "effective": "430.00"},
        {"app": "", "billed": "100.00", "effective": "103.92"},
    ],
    "unallocated": [],
    "units": [{"app": "field-assistant", "unit": "update", "cost": "0.0012"}],
    "budgets": [
        {
            "name": "stack",
            "limit": "900.00",
            "actual": "533.92",
            "forecast": "533.92",
            "estimate": None,
        }
    ],
}
GATE = {
    "kind": "GateReport",
    "stack": "dev",
    "verdict": "denied",
    "source": {"commit": "0123456789abcdef"},
    "violations": [
        {"rule": "data-residency", "level": "mandatory", "outcome": "fail"},
        {"rule": "prices-current", "level": "advisory", "outcome": "fail"},
    ],
    "resources": {"total": 181},
}


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit):
        main(list(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("board")
    store = str(found / "store")
    command("monitor", "simulate", str(found / "fleet.jsonl"), "--days", "9", "--bad-hours", "30")
    command("monitor", "ingest", str(found / "fleet.jsonl"), "--store", store)
    command("monitor", "drift", "--store", store, "--reference", "48")
    for name, document in (("showback", SHOWBACK), ("reports", GATE)):
        (found / name).mkdir()
        (found / name / "one.json").write_text(json.dumps(document))
    return found


@pytest.fixture(scope="module")
def board(folder: Path) -> Board:
    sources = Sources(
        pack=ROOT / "policy-pack",
        store=folder / "store",
        findings=folder / "store" / "findings",
        reports=folder / "reports",
        showback=folder / "showback",
    )
    return collect_board("dev", sources, now=NOW)


def rows(board: Board, name: str) -> list[Any]:
    return next(list(p.rows) for s in board.sections for p in s.parts if p.id == name)


def test_the_bad_canary_is_to_be_seen(board: Board) -> None:
    assert {row["rule"] for row in rows(board, "findings-table")} >= {"canary-crash-rate"}
    worst = max(rows(board, "failures"), key=lambda row: row["value"])
    assert (worst["ring"], worst["series"].split()[0]) == ("canary", "crash")
    assert board.facts["open findings"] != "0"


def test_versions_and_drift_are_by_day(board: Board) -> None:
    days = {row["at"] for row in rows(board, "adoption")}
    assert 8 <= len(days) <= 10
    assert len({row["version"] for row in rows(board, "adoption")}) == 2
    assert all(row["value"] < 0.1 for row in rows(board, "drift"))
    assert len(rows(board, "latency")) >= 8


def test_money_and_gate_are_what_the_documents_say(board: Board) -> None:
    assert {row["series"]: row["value"] for row in rows(board, "cost")} == {
        "field-assistant": 430.0,
        "unallocated": 103.92,
    }
    assert rows(board, "budgets")[0]["used"] == "59 %"
    assert rows(board, "gate") == [
        {
            "stack": "dev",
            "verdict": "denied",
            "commit": "0123456789ab",
            "rules": "data-residency",
            "resources": 181,
        }
    ]
    assert board.facts["cost of 2026-10"] == "533.92 USD"


def test_a_waiver_that_does_not_count_says_why(tmp_path: Path) -> None:
    pack = Path(shutil.copytree(ROOT / "policy-pack", tmp_path / "policy-pack"))
    (pack / "waivers" / "dev").mkdir(parents=True)
    (pack / "waivers" / "dev" / "mine.yaml").write_text("predicateType: none\n")

    board = collect_board("dev", Sources(pack=pack), now=NOW)

    (row,) = rows(board, "waivers")
    assert (row["state"], "mine" in str(row["target"])) == ("refused", True)


def test_what_is_not_named_is_empty() -> None:
    board = collect_board("dev", Sources(pack=ROOT / "policy-pack"), now=NOW)

    assert all(not p.rows for s in board.sections for p in s.parts if not isinstance(p, Table))


def test_a_file_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")

    with pytest.raises(GovernanceError, match=r"bad\.json"):
        collect_board("dev", Sources(pack=ROOT / "policy-pack", reports=tmp_path), now=NOW)


def test_the_command_writes_the_page(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    out = folder / "page" / "dashboard.html"

    command(
        "monitor",
        "dashboard",
        "--stack",
        "dev",
        "--store",
        str(folder / "store"),
        "--out",
        str(out),
    )

    assert "open it in a browser" in capsys.readouterr().out
    assert "canary" in out.read_text()
