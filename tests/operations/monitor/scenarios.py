"""Seeded scenarios with known answers: what the monitor must detect, and what it must ignore."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mobile_ai.operations.monitor.alarm import begin_of
from mobile_ai.operations.monitor.compare_windows import ComparisonSettings
from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.monitor.judge import judge_history
from mobile_ai.operations.monitor.window_counts import Cell, MonitoredSubject
from tests.operations.monitor.world import (
    BINS,
    CANARY,
    CONFIDENT,
    DEVICES,
    SITES,
    Fleet,
    hour,
    plain,
    run,
    shifted,
)

SETTINGS = ComparisonSettings(reference=48)
ONSET = 72
HOURS = 96
_FEW = plain(3)
_NORMAL = Fleet(shares=_FEW)
History = Mapping[MonitoredSubject, Mapping[int, Cell]]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario.

    Attributes:
        name: Its name.
        build: From a seed to history and costs.
        expect: The rule that must detect it; empty where nothing may be found.
        also: Other rules that may detect it too.
        within: Windows after the onset in which it must be detected.
        onset: The first abnormal window.
        late: Windows by which the data of a window are late.
        rollback: True if a roll-back may be allowed without a person.
    """

    name: str
    build: Callable[[int], tuple[History, Mapping[str, Mapping[int, float]]]]
    expect: str = ""
    also: frozenset[str] = frozenset()
    within: int = 3
    onset: int = ONSET
    late: int = 0
    rollback: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of the monitor on a scenario.

    Attributes:
        scenario: The scenario.
        findings: All findings.
        delay: Windows from the onset to the alarm; `None` if it was not detected.
        false: Wrong findings: too early, or of another rule.
    """

    scenario: Scenario
    findings: list[MonitorFinding]
    delay: int | None
    false: list[MonitorFinding] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True if it was detected in time, or rightly not, and no action goes too far."""
        story = self.scenario
        found = self.delay is not None and self.delay <= story.within + story.late
        right = found if story.expect else not self.findings
        roll_backs = [item for item in self.findings if "rollback" in item.allowed_actions]
        return right and not self.false and (bool(roll_backs) == story.rollback)


def play(scenario: Scenario, seed: int) -> Outcome:
    """Run the monitor on a scenario."""
    history, costs = scenario.build(seed)
    found = judge_history(history, SETTINGS, costs=costs)
    onset = begin_of(scenario.onset, 1)
    hits = [item for item in found if item.rule == scenario.expect and item.windows.alarm >= onset]
    alarms = [_window(item.windows.alarm) for item in hits]
    allowed = scenario.also | {scenario.expect}
    return Outcome(
        scenario=scenario,
        findings=found,
        # A window can be judged only after it is over.
        delay=min(alarms) - scenario.onset + 1 + scenario.late if alarms else None,
        false=[i for i in found if i.windows.alarm < onset or i.rule not in allowed],
    )


def _window(text: str) -> int:
    return int(np.datetime64(text.removesuffix("Z")).astype("datetime64[h]").astype(int))


def _from(onset: int, changed: Fleet, before: Fleet = _NORMAL) -> Callable[[int], Fleet]:
    return lambda window: changed if window >= onset else before


def _devices(changed: Fleet, *, onset: int = ONSET, hours: int = HOURS) -> Callable[[int], Any]:
    return lambda seed: (run(seed, hours, {DEVICES: _from(onset, changed)}), {})


def _with_canary(changed: Fleet) -> Callable[[int], Any]:
    """The canary is new: it has no past, only the control."""
    small = replace(changed, n=700, updates=60)

    def build(seed: int) -> tuple[History, Any]:
        history = run(seed, HOURS, {DEVICES: lambda _: _NORMAL, CANARY: lambda _: small})
        history[CANARY] = {w: cell for w, cell in history[CANARY].items() if w >= ONSET}
        return history, {}

    return build


def _moved(name: str, by: float = 0.25) -> Fleet:
    return replace(_NORMAL, shares={**_FEW, name: shifted(_FEW[name], by=by)})


def _leak(seed: int) -> tuple[History, Any]:
    def leaking(window: int) -> Fleet:
        return replace(_NORMAL, memory_mb=40.0 * (1 + 0.004 * max(0, window - 60)))

    return run(seed, 160, {DEVICES: leaking}), {}


def _groups(seed: int) -> tuple[History, Any]:
    fair = Fleet(n=2500, groups={"a": 1.0, "b": 1.0})
    unfair = replace(fair, groups={"a": 1.0, "b": 0.85})
    return run(seed, HOURS, {DEVICES: _from(ONSET, unfair, fair)}), {}


def _cost(seed: int) -> tuple[History, Any]:
    rng = np.random.default_rng(seed)
    amounts = {w: float(2 + np.sin(2 * np.pi * w / 24) + rng.normal(0, 0.15)) for w in range(HOURS)}
    spiked = {w: amount * (10 if w >= ONSET else 1) for w, amount in amounts.items()}
    return {}, {"field-assistant": spiked, "other-app": amounts}


def _late_labels(seed: int) -> tuple[History, Any]:
    """Labels come 12 hours late; the newest hours have few, and those are complaints."""
    worse = replace(_NORMAL, right=np.maximum(0, _NORMAL.right - 0.08))
    history = run(seed, HOURS, {DEVICES: _from(ONSET, worse)})
    for window in range(HOURS - 12, HOURS):
        bins = dict(history[DEVICES][window].bins)
        few = np.floor(bins["label"] * 0.4)
        bins |= {"label": few, "hit": np.floor(few * 0.3)}
        history[DEVICES][window] = Cell(history[DEVICES][window].counts, bins)
    return history, {}


def _complaints_only(seed: int) -> tuple[History, Any]:
    history, _ = _late_labels(seed)
    healthy = run(seed, HOURS - 12, {DEVICES: lambda _: _NORMAL})
    tail = {w: cell for w, cell in history[DEVICES].items() if w >= HOURS - 12}
    return {DEVICES: {**healthy[DEVICES], **tail}}, {}


def _season(by: float) -> Callable[[int], Any]:
    """Inputs differ between day and night far more than any drift that matters."""

    def build(seed: int) -> tuple[History, Any]:
        night = {name: shifted(shares, by=0.6) for name, shares in _FEW.items()}
        drifted = shifted(night["input.f01"], by=by) if by else night["input.f01"]

        def at(window: int) -> Fleet:
            shares = _FEW if 8 <= window % 24 < 20 else night
            if by and window >= 240 and shares is night:
                shares = {**night, "input.f01": drifted}
            return Fleet(shares=shares)

        return run(seed, 264, {DEVICES: at}), {}

    return build


def _poisoned(seed: int) -> tuple[History, Any]:
    """One event in twenty is forged: crashes, wrong labels, unusual inputs, full weight."""
    history = run(seed, HOURS, {DEVICES: lambda _: _NORMAL, SITES: lambda _: _NORMAL})
    for window in range(ONSET, HOURS):
        cell = history[DEVICES][window]
        n = cell.count("inference")
        lies = np.zeros(BINS)
        lies[-1] = 0.05 * n
        bins = {name: np.concatenate([[0.05 * n], np.zeros(BINS - 1)]) for name in _FEW}
        lie = Cell({"crash": 0.05 * n, "refused": 10.0}, {**bins, "label": lies, "hit": lies * 0})
        history[DEVICES][window] = cell + lie
    return history, {}


def _agreed(seed: int) -> tuple[History, Any]:
    bad = replace(_NORMAL, crash=0.02)
    return run(seed, HOURS, {DEVICES: _from(ONSET, bad), SITES: _from(ONSET, bad)}), {}


def _tiny(seed: int) -> tuple[History, Any]:
    rng = np.random.default_rng(seed)
    wild = {
        w: hour(rng, Fleet(n=30, updates=4, shares=_FEW, wander=5, crash=0.05), w)
        for w in range(HOURS)
    }
    return {DEVICES: wild}, {}


_LESS_SURE = 0.5 * CONFIDENT + 0.5 * np.roll(CONFIDENT, -2)

SCENARIOS = (
    Scenario(name="no drift", build=_devices(_NORMAL)),
    Scenario(
        name="input drift, PSI 0.25", build=_devices(_moved("input.f01")), expect="input-drift"
    ),
    Scenario(name="slow leak", build=_leak, expect="memory", onset=60, within=60),
    Scenario(
        name="one group degrades",
        build=_groups,
        expect="fairness-gap",
        also=frozenset({"quality-drop"}),
    ),
    Scenario(
        name="canary crashes",
        build=_with_canary(replace(_NORMAL, crash=0.02)),
        expect="canary-crash-rate",
    ),
    Scenario(
        name="canary is healthy",
        build=_with_canary(_NORMAL),
    ),
    Scenario(
        name="canary drains the battery",
        build=_with_canary(replace(_NORMAL, energy_mj=0.07 * 1.4)),
        expect="canary-energy",
        within=12,
    ),
    Scenario(
        name="canary is slow",
        build=_with_canary(replace(_NORMAL, latency_ms=14.0)),
        expect="canary-latency",
        within=12,
    ),
    Scenario(name="cost spike", build=_cost, expect="cost-spike"),
    Scenario(name="labels come late", build=_late_labels, expect="quality-drop", late=12),
    Scenario(name="only complaints so far", build=_complaints_only),
    Scenario(name="tiny n", build=_tiny),
    Scenario(name="day and night", build=_season(0.0)),
    Scenario(name="drift at night only", build=_season(0.25), expect="input-drift", onset=240),
    Scenario(
        name="5 % of events are lies",
        build=_poisoned,
        expect="crash-rate",
        also=frozenset({"quality-drop", "input-drift", "update-failure", "estimated-quality-drop"}),
    ),
    Scenario(
        name="updates fail",
        build=_devices(replace(_NORMAL, refused=0.2)),
        expect="update-failure",
    ),
    Scenario(
        name="less sure, no labels",
        build=_devices(replace(_NORMAL, confident=_LESS_SURE, labelled=0.0)),
        expect="estimated-quality-drop",
    ),
    Scenario(
        name="devices and sites agree",
        build=_agreed,
        expect="crash-rate",
        rollback=True,
    ),
)
