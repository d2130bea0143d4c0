"""A month's usage from real telemetry, up to the showback."""

import datetime as dt
import json
from pathlib import Path

import pytest

from mobile_ai.cli.main import main
from mobile_ai.contracts.documents import read_yaml
from mobile_ai.operations.showback.allocate import allocate
from mobile_ai.operations.showback.bill import read_bill
from mobile_ai.operations.showback.measured import read_measured
from tests.operations.showback.bills import row, write_csv

ROOT = Path(__file__).parents[3]
AT = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
MONTH = f"{AT:%Y-%m}"


def event(number: int, **fields: object) -> dict[str, object]:
    return {
        "event_id": f"{number:08x}-0000-4000-8000-000000000000",
        "occurred_at": f"{AT:%Y-%m-%dT%H:%M:%SZ}",
        "app": "field-assistant",
        "model": "digits",
        "version": "1.1.0",
        "ring": "canary",
        **fields,
    }


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    events = [
        event(1, kind="inference", target="on-device", count=100),
        event(2, kind="inference", target="cloud", count=40),
        event(3, kind="update", target="on-device", outcome="installed", bytes=5000),
        event(4, kind="update", target="on-device", outcome="refused", bytes=700),
        event(5, kind="active", target="on-device"),
        event(6, kind="inference", target="cloud", count=60, version="1.0.0", ring="general"),
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, events)))
    store, out = str(tmp_path / "store"), tmp_path / "measured.json"
    named = ["--stack", "dev", "--month", MONTH, "--out", str(out)]
    for call in (["ingest", str(file)], ["measured", *named]):
        with pytest.raises(SystemExit) as ended:
            main(["monitor", *call, "--store", store])
        assert not ended.value.code
    return out


def test_counts_are_what_was_sent(measured: Path) -> None:
    owner = read_yaml((ROOT / "Pulumi.dev.yaml").read_text(), name="dev")["config"][
        "mobile-ai:owner"
    ]
    old, new = sorted(read_measured(measured, month=MONTH).rows, key=lambda item: item.version)

    assert (new.project, new.team) == (owner["project"], owner["team"])
    assert (new.inferences, new.updates, new.delivered_bytes) == (40, 1, 5700)
    assert (new.events, new.active_devices) == (5, 1)
    assert (old.version, old.ring, old.inferences) == ("1.0.0", "general", 60)


def test_a_bill_is_split_by_them(measured: Path, tmp_path: Path) -> None:
    bill = write_csv(tmp_path / "bill.csv", [row("AWS Lambda", cost="10", month=MONTH)])

    parts = allocate(read_bill([bill], month=MONTH), read_measured(measured, month=MONTH)).parts

    assert {part.owner.version: part.effective for part in parts} == {"1.1.0": 4, "1.0.0": 6}


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["--month", "October", "--stack", "dev"], "expected YYYY-MM"),
        (["--month", MONTH, "--stack", "none"], "Pulumi.none.yaml: got no such file"),
        (["--month", MONTH, "--stack", "dev", "--store", "docs"], "got no compacted store"),
    ],
)
def test_mistakes_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], call: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["monitor", "measured", "--store", str(tmp_path / "store"), *call])

    assert ended.value.code == 2
    assert message in capsys.readouterr().err
