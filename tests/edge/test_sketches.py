"""Sketches are valid telemetry events, and contain no values of tensors."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mobile_ai.contracts.telemetry import CONFIDENCE_BINS, check_event
from mobile_ai.edge.serving import ModelRun, Served
from mobile_ai.edge.sketches import Sketches, Sketching
from tests.edge.server_world import Scripted


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sketches(tmp_path: Path, clock: Clock) -> Sketches:
    given = Sketching(folder=tmp_path, site="dublin", app="app", inputs={"x": (0.0, 1.0)})
    return Sketches(given, clock=clock)


def run(scores: Any, error: Exception | None = None) -> ModelRun:
    served = Served(Scripted("digits", None))
    array = np.array(scores, np.float32)
    return ModelRun(
        served=served,
        inputs={"x": np.full((len(array), 2), 0.5, np.float32)},
        outputs=None if error else {"y": array},
        rows=len(array),
        seconds=0.003,
        error=error,
    )


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open("rb")]


def test_events_are_accepted_and_say_what_happened(
    sketches: Sketches, clock: Clock, tmp_path: Path
) -> None:
    clock.now = 10.0
    sketches.observe(run([[9, 0], [0, 9], [0, 9]]))
    sketches.observe(run([[9, 0]], RuntimeError("x")))
    sketches.flush()
    found = events(tmp_path)
    assert [check_event(event, now=datetime.now(UTC)) for event in found] == [None] * len(found)
    by = {(event["kind"], event.get("feature")): event for event in found}
    assert by["inference", None]["count"] == 3
    assert by["inference", None]["histogram"] == [1, 2]
    assert by["error", None]["count"] == 1
    assert by["drift", "input.x"]["histogram"] == [0, 3, 0]
    assert by["drift", "confidence"]["histogram"] == [0] * (CONFIDENCE_BINS - 1) + [3]
    assert {event["site"] for event in found} == {"dublin"}


def test_probabilities_are_taken_as_they_are(
    sketches: Sketches, clock: Clock, tmp_path: Path
) -> None:
    clock.now = 10.0
    sketches.observe(run([[0.55, 0.45]]))
    sketches.flush()
    (event,) = [item for item in events(tmp_path) if item.get("feature") == "confidence"]
    assert event["histogram"].index(1) == 5


def test_only_some_rows_are_looked_at_and_all_are_counted(
    sketches: Sketches, clock: Clock, tmp_path: Path
) -> None:
    clock.now = 1.0
    for _ in range(100):
        sketches.observe(run([[1, 0]] * 32))
    sketches.flush()
    by = {(event["kind"], event.get("feature")): event for event in events(tmp_path)}
    assert by["inference", None]["count"] == 3200
    assert sum(by["drift", "confidence"]["histogram"]) == 20


def test_a_period_writes_one_file_and_nothing_writes_none(
    sketches: Sketches, clock: Clock, tmp_path: Path
) -> None:
    sketches.observe(run([[1, 0]]))
    sketches.tick()
    assert events(tmp_path) == []
    clock.now = 61.0
    sketches.tick()
    sketches.flush()
    assert len(list(tmp_path.iterdir())) == 1


def test_files_that_nobody_takes_do_not_pile_up(sketches: Sketches, tmp_path: Path) -> None:
    for number in range(1100):
        (tmp_path / f"{number:04}.jsonl").write_text("{}")
    sketches.observe(run([[1, 0]]))
    sketches.flush()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 1000
    assert "0000.jsonl" not in names
