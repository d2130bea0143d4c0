"""Monitor on simulated fleets: detection rate, delay and false positives."""

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks._row import Row
from mobile_ai.operations.monitor.alarm import begin_of
from mobile_ai.operations.monitor.compare_windows import ComparisonSettings
from mobile_ai.operations.monitor.judge import judge_history
from tests.operations.monitor.scenarios import SCENARIOS, play
from tests.operations.monitor.world import DEVICES, FEATURES, Fleet, plain, run, shifted

__all__ = ["IDS", "rows"]

IDS = ("monitor.false_alarms_clean", "monitor.scenarios_detected", "monitor.psi_shift_detected")
_SEEDS = 10
_CLEAN_RUNS = 20
_CLEAN_HOURS = 300
_REFERENCE = 48
_SHIFTS = 100
_SMALL = 500  # inferences in an hour


def rows() -> Iterator[Row]:
    """Evaluate clean windows, seeded scenarios, and many shifts of the same size."""
    yield _clean()
    yield _stories()
    yield _shifts()


def _clean() -> Row:
    settings = ComparisonSettings(reference=_REFERENCE)
    alarms: Counter[str] = Counter()
    for seed in range(_CLEAN_RUNS):
        fleet = Fleet(shares=plain(), n=_SMALL if seed % 2 else 4 * _SMALL)
        history = run(1000 + seed, _CLEAN_HOURS, {DEVICES: lambda _, fleet=fleet: fleet})
        alarms.update(item.rule for item in judge_history(history, settings))
    windows = _CLEAN_RUNS * (_CLEAN_HOURS - _REFERENCE)
    return Row(
        id="monitor.false_alarms_clean",
        value=1000 * alarms.total() / windows,
        unit="findings per 1,000 windows",
        peer="bar: 1 over all features and rules",
        n=windows,
        note=f"{FEATURES} inputs and all rules a window, {_SMALL} and {4 * _SMALL} inferences an "
        f"hour, volume and shares wander; by rule: {dict(alarms)}",
    )


def _stories() -> Row:
    good, delays, false = 0, [], 0
    for story in SCENARIOS:
        outcomes = [play(story, seed) for seed in range(_SEEDS)]
        good += all(item.good for item in outcomes)
        false += sum(len(item.false) for item in outcomes)
        known = [item.delay for item in outcomes if item.delay is not None]
        delays.append(f"{story.name} {statistics.median(known):g}" if known else f"{story.name} -")
    return Row(
        id="monitor.scenarios_detected",
        value=good,
        unit="scenarios",
        peer=f"bar: all of {len(SCENARIOS)}, at least 12",
        n=len(SCENARIOS) * _SEEDS,
        note=f"right for each of {_SEEDS} seeds; {false} false findings; median delay in windows "
        f"(- is rightly nothing): {'; '.join(delays)}",
    )


def _shifts() -> Row:
    shares, settings, found = plain(), ComparisonSettings(reference=_REFERENCE), 0
    names = sorted(shares)
    for seed in range(_SHIFTS):
        name = names[seed % len(names)]
        before = Fleet(shares={name: shares[name]}, n=_SMALL)
        after = replace(before, shares={name: shifted(shares[name], by=0.25)})
        onset = _REFERENCE + 12
        history = run(
            2000 + seed,
            onset + 3,
            {DEVICES: lambda w, a=after, b=before, onset=onset: a if w >= onset else b},
        )
        alarms = [item for item in judge_history(history, settings) if item.rule == "input-drift"]
        found += any(item.windows.alarm >= begin_of(onset, 1) for item in alarms)
    return Row(
        id="monitor.psi_shift_detected",
        value=float(np.round(found / _SHIFTS, 4)),
        unit="share",
        peer="bar: 0.95 within 3 windows",
        n=_SHIFTS,
        note=f"one input moved by PSI 0.25, {_SMALL} inferences a mean hour",
    )
