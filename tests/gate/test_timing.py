"""The phases of a run follow from when its events come."""

import pytest

from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.timing import Clock, phases_of
from tests.gate.support import events


def phases(name="passed", *, ended=30.0):
    found = EngineObservation()
    for second, event in enumerate(events(name), start=1):
        found.add(event, float(second))
    return phases_of(found.marks, ended=ended)


def test_phases_add_up_to_the_engine_time():
    found = phases()
    assert sum(found.values()) == pytest.approx(30.0)
    assert next(iter(found)) == "engine start"
    assert list(found)[-1] == "engine end"


def test_program_is_told_apart_from_the_pack():
    assert list(phases())[1:3] == [
        "plugins and policy pack start",
        "program start, imports and settings",
    ]


def test_run_that_fails_early_has_fewer_phases():
    found = phases("program_failed")
    assert "resources and resource rules" not in found
    assert sum(found.values()) == pytest.approx(30.0)


def test_no_event_is_all_engine_end():
    assert phases_of({}, ended=2.0) == {"engine end": 2.0}


def test_whole_run_has_what_no_phase_covers():
    clock = Clock()
    with clock.phase("prepare stack"):
        pass
    clock.add({"engine start": 0.0})
    timing = clock.read(rate=1.0)
    assert list(timing.phases) == ["prepare stack", "engine start", "gate"]
    assert sum(timing.phases.values()) == pytest.approx(timing.total_seconds, abs=0.01)
