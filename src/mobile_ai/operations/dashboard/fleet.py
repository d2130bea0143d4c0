"""Charts of the fleet and of its models, from the monitor's daily cells."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from mobile_ai.operations.dashboard.board import Chart, Row
from mobile_ai.operations.monitor.fairness import fairness_gaps
from mobile_ai.operations.monitor.statistics import psi, wilson
from mobile_ai.operations.monitor.window_counts import Cell, History, MonitoredSubject, total
from mobile_ai.operations.telemetry.queries import SCALES

DAY: Final = 24
"""Hours of a day, the length of one cell."""
_REFERENCE_DAYS: Final = 7
_Z: Final = 1.96  # 95 percent
_BINS_OF_OCTAVE: Final = 4
_LEAST: Final = 100  # minimum count for a rate or a share


def fleet_charts(history: History) -> list[Chart]:
    """Return charts of adoption, updates and failures.

    Args:
        history: Daily cells.
    """
    return [
        Chart(
            id="adoption",
            title="Versions in use",
            note="Share of all reported inferences, by version.",
            mark="area",
            unit="inferences",
            rows=list(_counts(history, ("inference",))),
            share=True,
        ),
        Chart(
            id="updates",
            title="Updates",
            note="Installation attempts of devices, by outcome.",
            mark="bar",
            unit="devices",
            rows=list(_outcomes(history)),
        ),
        Chart(
            id="failures",
            title="Failures",
            note="Crashes and errors per 1,000 inferences.",
            mark="line",
            unit="per 1,000",
            rows=list(_rates(history)),
        ),
    ]


def model_charts(history: History) -> list[Chart]:
    """Return charts of quality, fairness, drift and performance of the models.

    Args:
        history: Daily cells.
    """
    return [
        Chart(
            id="accuracy",
            title="Accuracy",
            note="On labels that arrived later, with 95 percent intervals.",
            mark="line",
            unit="accuracy",
            rows=list(_accuracy(history)),
        ),
        Chart(
            id="fairness",
            title="Fairness",
            note="Accuracy of the best group minus that of the worst, with its interval. Only "
            "users who consented to being counted by group.",
            mark="point",
            unit="gap",
            rows=list(_fairness(history)),
            limit=0.05,
        ),
        Chart(
            id="drift",
            title="Drift",
            note=f"Population stability index against the first {_REFERENCE_DAYS} days.",
            mark="line",
            unit="PSI",
            rows=list(_drift(history)),
            limit=0.25,
        ),
        *(
            Chart(
                id=name.partition("_")[0],
                title=title,
                note="95th percentile over devices and sites; bins are a quarter octave wide.",
                mark="line",
                unit=unit,
                rows=list(_percentiles(history, name)),
            )
            for name, title, unit in (
                ("latency_ms", "Latency", "ms"),
                ("energy_mj", "Energy per inference", "mJ"),
                ("memory_mb", "Memory", "MB"),
            )
        ),
    ]


def _cells(history: History) -> Iterator[tuple[MonitoredSubject, str, Cell]]:
    for subject in sorted(history):
        if not subject.group:
            for window, cell in sorted(history[subject].items()):
                yield subject, _day(window), cell


def _row(subject: MonitoredSubject, day: str, series: str, value: float, **more: float) -> Row:
    fields = {"app": subject.app, "version": subject.version, "ring": subject.ring}
    figures = {name: round(figure, 6) for name, figure in more.items()}
    return {"at": day, "series": series, "value": round(value, 6), **fields, **figures}


def _counts(history: History, names: tuple[str, ...]) -> Iterator[Row]:
    for subject, day, cell in _cells(history):
        if n := sum(map(cell.count, names)):
            yield _row(subject, day, f"{subject.model} {subject.version}", n)


def _outcomes(history: History) -> Iterator[Row]:
    for subject, day, cell in _cells(history):
        for outcome in ("installed", "refused"):
            if n := cell.count(outcome):
                yield _row(subject, day, outcome, n)


def _rates(history: History) -> Iterator[Row]:
    for subject, day, cell in _cells(history):
        n = cell.count("inference")
        for name in ("crash", "error"):
            if n >= _LEAST and (failed := cell.count(name)):
                yield _row(subject, day, f"{name} {subject.version}", 1000 * failed / n)


def _accuracy(history: History) -> Iterator[Row]:
    for subject, day, cell in _cells(history):
        seen, hits = cell.histogram("label"), cell.histogram("hit")
        if seen is None or hits is None or (n := float(seen.sum())) < _LEAST:
            continue
        right = float(hits.sum())
        low, high = wilson(right, n, z=_Z)
        yield _row(subject, day, _named(subject), right / n, low=low, high=high)


def _fairness(history: History) -> Iterator[Row]:
    for gap in fairness_gaps(history):
        found = gap.evidence
        if found.low is not None and found.high is not None:
            ends = {"low": found.low, "high": found.high}
            yield _row(gap.subject, _day(gap.window), gap.other, found.effect, **ends)


def _drift(history: History) -> Iterator[Row]:
    for subject in sorted(history):
        windows = sorted(history[subject])
        if subject.group or len(windows) <= _REFERENCE_DAYS:
            continue
        reference = total(history[subject][window] for window in windows[:_REFERENCE_DAYS])
        for window in windows[_REFERENCE_DAYS:]:
            yield from _drift_of(subject, _day(window), history[subject][window], reference)


def _drift_of(subject: MonitoredSubject, day: str, cell: Cell, reference: Cell) -> Iterator[Row]:
    for name in sorted(cell.bins):
        before, now = reference.histogram(name), cell.histogram(name)
        watched = name == "prediction" or name.startswith("input.")
        if watched and before is not None and now is not None and now.sum() >= _LEAST:
            size = max(len(before), len(now))
            yield _row(subject, day, name, psi(_sized(now, size), _sized(before, size)))


def _percentiles(history: History, name: str) -> Iterator[Row]:
    series = name.partition("_")[0]
    for subject, day, cell in _cells(history):
        counts = cell.histogram(series)
        if counts is not None and counts.sum():
            place = int(np.searchsorted(np.cumsum(counts), 0.95 * counts.sum()))
            value = SCALES[name] * 2 ** ((place + 1) / _BINS_OF_OCTAVE)
            yield _row(subject, day, _named(subject), value)


def _named(subject: MonitoredSubject) -> str:
    return " ".join(filter(None, (subject.version, subject.ring, subject.channel)))


def _sized(counts: Any, size: int) -> Any:
    return np.pad(np.asarray(counts, float), (0, size - len(counts)))


def _day(window: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=window)).date().isoformat()
