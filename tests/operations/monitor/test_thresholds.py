"""Limits of the pack, compared with a synthetic fleet."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.cli.main import main
from mobile_ai.operations.monitor.finding import MonitorFinding, read_finding
from mobile_ai.operations.monitor.limits import Limit, Limited, read_limits
from mobile_ai.operations.monitor.thresholds import over, propose_thresholds, quantile, rounded_up
from mobile_ai.operations.monitor.window_counts import Cell, MonitoredSubject

ROOT = Path(__file__).parents[3]
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
DEVICES = MonitoredSubject("field-assistant", "digits", "1.1.0", "general", "device")
FIRST = 20_000  # a day's window
AT = 20  # this bin ends at 0.05 x 2^(21/4) = 1.9 ms


def limits(*, now: float = 60, **changes: Any) -> list[Limit]:
    """Return the latency limit of the pack and the manifest of dev, with changes."""
    found = read_limits(ROOT, "dev", now=NOW)
    latency = next(item for item in found if item.amount.series == "latency")
    return [replace(latency, now=now, **changes)]


def days(
    *, number: int = 14, n: float = 2_000, at: int = AT, subject: MonitoredSubject = DEVICES
) -> dict[Any, Any]:
    """Return days with all events in one bin."""
    counts = np.zeros(64)
    counts[at] = n
    return {subject: {FIRST + day: Cell(bins={"latency": counts}) for day in range(number)}}


def proposals(history: Any, **changes: Any) -> list[MonitorFinding]:
    return propose_thresholds(history, limits(**changes), stack="dev", width=24)


def test_a_limit_that_guards_nothing_is_proposed_lower() -> None:
    (found,) = proposals(days())

    assert found.threshold is not None
    assert (found.threshold.now, found.threshold.proposed) == (60, 2.4)
    assert (found.threshold.n, found.threshold.windows) == (28_000, 14)
    assert found.threshold.quantiles == dict.fromkeys(("p50", "p90", "p95", "p99"), 1.903)
    assert "it never denies anything" in found.summary
    assert found.allowed_actions == ("notify", "threshold")


def test_a_limit_that_the_fleet_does_not_keep_is_proposed_higher() -> None:
    (found,) = proposals(days(), now=1.5)

    assert found.threshold is not None
    assert found.threshold.proposed == 2.4
    assert "the fleet exceeds it" in found.summary


@pytest.mark.parametrize(
    ("history", "now"),
    [
        (days(), 2.4),  # fits
        (days(), 4.7),  # not twice what would do
        (days(n=700), 60),  # too few events
        (days(number=6), 60),  # too few days
        (days(subject=replace(DEVICES, channel="site")), 60),
        (days(subject=replace(DEVICES, version="0.9.0")), 60),
        (days(subject=replace(DEVICES, group="young")), 60),
        ({}, 60),
    ],
    ids=["fits", "near", "few events", "few days", "site", "other version", "group", "nothing"],
)
def test_nothing_is_proposed_where_the_limit_fits_or_too_little_is_known(
    history: Any, now: float
) -> None:
    assert proposals(history, now=now) == []


def test_one_version_that_was_not_measured_keeps_the_limit() -> None:
    known = limits()[0].versions
    unknown = Limited(app="other", model="digits", version="1.1.0", at_build=0.1)

    assert proposals(days(), versions=(*known, unknown)) == []


def test_the_version_that_takes_most_decides_and_no_proposal_denies_what_is_pinned() -> None:
    other = replace(DEVICES, app="other")
    versions = (
        *limits()[0].versions,
        Limited(app="other", model="digits", version="1.1.0", at_build=8.0),
    )

    (found,) = proposals(days() | days(subject=other, at=AT - 4), versions=versions)

    assert found.threshold is not None
    assert (found.subject.app, found.threshold.proposed) == ("field-assistant", 10)


def test_more_data_that_say_the_same_are_the_same_finding() -> None:
    first, second = proposals(days(number=14)), proposals(days(number=15))

    assert first[0].id == second[0].id


def test_a_proposal_that_nothing_speaks_for_any_more_is_over() -> None:
    before = proposals(days())

    assert over(before, before, stack="dev") == []
    assert over(before, [], stack="prod") == []
    assert [(item.id, item.is_open) for item in over(before, [], stack="dev")] == [
        (before[0].id, False)
    ]


def test_the_command_writes_proposals_and_closes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("policy-pack", "models", "Pulumi.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Pulumi.dev.yaml", tmp_path)
    (tmp_path / "store" / "days").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    history = days()
    monkeypatch.setattr("mobile_ai.operations.monitor.load.load_history", lambda *_, **__: history)

    assert thresholds(capsys) == [("threshold", True)]
    (path,) = (tmp_path / "store" / "findings").glob("*.json")
    assert thresholds(capsys) == [("threshold", True)]
    history.clear()
    assert thresholds(capsys) == []
    assert read_finding(path).is_open is False


def thresholds(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, bool]]:
    with pytest.raises(SystemExit) as ended:
        main(["monitor", "thresholds", "--stack", "dev", "--store", "store", "--json"])
    assert not ended.value.code
    return [(item["rule"], item["is_open"]) for item in json.loads(capsys.readouterr().out)]


def test_limits_come_from_the_pack_and_figures_from_the_manifests() -> None:
    found = {item.amount.series: item for item in read_limits(ROOT, "dev", now=NOW)}

    assert set(found) == {"latency", "memory", "energy"}
    assert found["latency"].parameter == "midRange"
    assert [(item.version, item.is_current) for item in found["latency"].versions] == [
        ("1.1.0", True),
        ("1.0.0", False),
    ]
    assert found["latency"].versions[0].at_build == pytest.approx(0.062633)


def test_versions_on_several_device_classes_are_told_apart_by_nobody(tmp_path: Path) -> None:
    for name in ("policy-pack", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    one = "- {target: on-device, variant: int8, deviceClass: mid-range}"
    both = f"{one}\n        - {{target: on-device, variant: int4, deviceClass: entry}}"
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(text.replace(one, both))

    assert both in (tmp_path / "Pulumi.dev.yaml").read_text()
    assert read_limits(tmp_path, "dev", now=NOW) == []


@given(st.floats(min_value=1e-6, max_value=1e12))
def test_rounding_up_never_goes_down_and_adds_a_tenth_at_most(value: float) -> None:
    assert value * (1 - 1e-5) <= rounded_up(value) <= value * 1.1 * (1 + 1e-5)


@given(st.lists(st.integers(0, 1000), min_size=64, max_size=64).filter(any))
def test_quantiles_rise_with_the_share(counts: list[int]) -> None:
    found = [quantile("latency", np.array(counts), share) for share in (0.01, 0.5, 0.95, 0.99)]

    assert found == sorted(found)
