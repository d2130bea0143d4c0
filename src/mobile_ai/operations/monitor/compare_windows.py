"""Evaluates every measure of every subject, each window against its past and the control."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from mobile_ai.operations.monitor.compare import Evidence, compare
from mobile_ai.operations.monitor.measures import (
    MEASURES,
    Action,
    Measure,
    Severity,
    series_measures,
)
from mobile_ai.operations.monitor.reference import learn
from mobile_ai.operations.monitor.window_counts import Cell, History, MonitoredSubject, total

Against = Literal["past", "control", "groups"]
"""Reference of a comparison: earlier windows, devices without the version, or other groups."""
_OLDEST_PART: Final = 24  # most windows that are accumulated
_MATURE: Final = 0.5  # of the usual share of labels: early labels may be a biased sample


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """Settings of the monitor.

    Attributes:
        width: Hours of a window; a divisor of 24.
        reference: Number of windows in a reference.
        needed: Breached windows required for an alarm ...
        among: ... among this many consecutive judged ones.
    """

    width: int = 1
    reference: int = 168
    needed: int = 2
    among: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowComparison:
    """One rule evaluated on one window.

    Attributes:
        subject: Subject of the data.
        rule: Name of the rule.
        series: Name of the series.
        against: Kind of reference.
        window: Number of the window.
        evidence: Statistics.
        severity: Severity of a finding.
        playbook: Playbook that a finding proposes.
        other: The control's version and ring, or the groups compared.
    """

    subject: MonitoredSubject
    rule: str
    series: str
    against: Against
    window: int
    evidence: Evidence
    severity: Severity
    playbook: Action
    other: str = ""


def observe(history: History, settings: ComparisonSettings) -> Iterator[WindowComparison]:
    """Yield the observations of all windows with enough counts.

    Args:
        history: Cells by subject and window.
        settings: Settings of the monitor.
    """
    for subject, cells in sorted(history.items()):
        series: dict[str, Any] = {}
        for cell in cells.values():
            series.update(cell.bins)
        measures = [*MEASURES, *series_measures(series)]
        control = {} if subject.group else _controls(history, subject, cells)
        for measure in measures:
            if not subject.group or measure.by_group:
                yield from _past(subject, measure, cells, settings)
                yield from _control(subject, measure, cells, control)


def _past(
    subject: MonitoredSubject,
    measure: Measure,
    cells: Mapping[int, Cell],
    settings: ComparisonSettings,
) -> Iterator[WindowComparison]:
    counted = _comparable(
        {
            window: counts
            for window, cell in cells.items()
            if (counts := measure.counts(cell)) is not None
        }
    )
    reference = learn(counted, wanted=settings.reference, width=settings.width)
    if reference is None:
        return
    usual = _coverage(total(cells[w] for w in counted if w <= reference.last))
    for window in sorted(counted):
        normal = reference.of(window)
        if window <= reference.last or normal is None:
            continue
        if measure.series == "label" and _coverage(cells[window]) < _MATURE * usual:
            continue
        evidence = compare(measure, counted[window], normal, dispersion=reference.dispersion)
        if evidence is not None:
            yield _observation(subject, measure, "past", window, evidence)


def _control(
    subject: MonitoredSubject,
    measure: Measure,
    cells: Mapping[int, Cell],
    controls: Mapping[int, tuple[MonitoredSubject, Cell]],
) -> Iterator[WindowComparison]:
    """Compare with the control; windows are accumulated until the counts suffice.

    A canary is small. Both sides use the same windows, so the time of day cancels out.
    """
    begun: int = 0
    part: tuple[Any, ...] | None = None
    for window, (other, cell) in sorted(controls.items()):
        both = [measure.counts(cells[window]), measure.counts(cell)]
        if any(counts is None for counts in both):
            continue
        if part is None or window - begun >= _OLDEST_PART or not _alike(part, both):
            begun, part = window, tuple(both)
        else:
            part = tuple(before + now for before, now in zip(part, both, strict=True))
        evidence = compare(measure, *part)
        if evidence is not None:
            name = f"{other.version}@{other.ring}"
            yield _observation(subject, measure, "control", window, evidence, other=name)
            part = None


def _alike(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return [len(counts) for counts in one] == [len(counts) for counts in other]


def _observation(
    subject: MonitoredSubject,
    measure: Measure,
    against: Against,
    window: int,
    evidence: Evidence,
    *,
    other: str = "",
) -> WindowComparison:
    return WindowComparison(
        subject=subject,
        rule=measure.rule if against == "past" else f"canary-{measure.rule}",
        series=measure.series,
        against=against,
        window=window,
        evidence=evidence,
        severity="high" if against == "control" else measure.severity,
        playbook="freeze" if against == "control" else measure.playbook,
        other=other,
    )


def control_of(
    history: History, subject: MonitoredSubject, window: int
) -> tuple[MonitoredSubject, Cell] | None:
    """Return the control of a ring: the most used other version in the same window.

    Only the less used of two is judged: the canary against the rest, not the rest against it.
    """
    own = history[subject][window].count("inference")
    found = [
        (cells[window].count("inference"), other, cells[window])
        for other, cells in history.items()
        if window in cells
        and other.version != subject.version
        and (other.app, other.model) == (subject.app, subject.model)
        and (other.channel, other.group) == (subject.channel, subject.group)
    ]
    best = max(found, key=lambda item: item[:2], default=None)
    return best[1:] if best and best[0] > own else None


def _controls(
    history: History, subject: MonitoredSubject, cells: Mapping[int, Cell]
) -> dict[int, tuple[MonitoredSubject, Cell]]:
    found = {window: control_of(history, subject, window) for window in cells}
    return {window: other for window, other in found.items() if other is not None}


def _comparable(counted: Mapping[int, Any]) -> dict[int, Any]:
    """Drop windows whose number of bins is not the most common one: they are not comparable."""
    lengths = Counter(len(counts) for counts in counted.values())
    usual = lengths.most_common(1)[0][0] if lengths else 0
    return {w: counts for w, counts in counted.items() if len(counts) == usual}


def _coverage(cell: Cell) -> float:
    labels = cell.histogram("label")
    return 0.0 if labels is None else float(np.sum(labels)) / max(cell.count("inference"), 1.0)
