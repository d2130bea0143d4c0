"""Monitored measures: their counts, smallest relevant change, and proposed playbook."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from mobile_ai.operations.monitor.window_counts import Cell

__all__ = ["MEASURES", "Action", "Measure", "Severity", "series_measures"]

Severity = Literal["low", "medium", "high"]
Action = Literal["notify", "threshold", "retrain", "throttle", "scale-down", "freeze", "rollback"]
"""Names of playbooks, mildest first; the first three change nothing that runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A monitored measure.

    Attributes:
        rule: Name of the rule in a finding.
        series: Name of the series, for the reader.
        counts: Returns the counts by bin of a cell, or ``None`` if it has none.
        how: `shift`: any change of proportions. `rise`: more in the first of two bins. `tail`: more
            above the reference's upper quantile of share `tail`.
        least_n: Minimum count in window and reference.
        least_effect: Smallest relevant change: a population stability index above its bias, or a
            difference of proportions.
        tail: Share for `tail`.
        severity: Severity of a finding.
        playbook: Playbook that a finding proposes.
        by_group: True if each group is judged too.
    """

    rule: str
    series: str
    counts: Callable[[Cell], Any | None]
    how: Literal["shift", "rise", "tail"]
    least_n: int
    least_effect: float
    severity: Severity
    playbook: Action
    tail: float = 0.05
    by_group: bool = False


def _failures(failed: str, *whole: str) -> Callable[[Cell], Any | None]:
    def counts(cell: Cell) -> Any | None:
        bad, good = cell.count(failed), sum(map(cell.count, whole))
        return np.array([bad, good]) if bad + good else None

    return counts


def _series(name: str) -> Callable[[Cell], Any | None]:
    return lambda cell: cell.histogram(name)


def _misses(cell: Cell) -> Any | None:
    labels, hits = cell.histogram("label"), cell.histogram("hit")
    if labels is None or not labels.sum():
        return None
    right = 0.0 if hits is None else hits.sum()
    return np.array([labels.sum() - right, right])


MEASURES: Final = (
    Measure(
        rule="crash-rate",
        series="crash",
        counts=_failures("crash", "inference"),
        how="rise",
        least_n=500,
        least_effect=0.003,
        severity="high",
        playbook="freeze",
    ),
    Measure(
        rule="error-rate",
        series="error",
        counts=_failures("error", "inference"),
        how="rise",
        least_n=500,
        least_effect=0.01,
        severity="high",
        playbook="freeze",
    ),
    Measure(
        rule="update-failure",
        series="refused",
        counts=_failures("refused", "installed"),
        how="rise",
        least_n=50,
        least_effect=0.05,
        severity="high",
        playbook="freeze",
    ),
    Measure(
        rule="quality-drop",
        series="label",
        counts=_misses,
        how="rise",
        least_n=200,
        least_effect=0.03,
        severity="high",
        playbook="rollback",
        by_group=True,
    ),
    Measure(
        rule="prediction-drift",
        series="prediction",
        counts=_series("prediction"),
        how="shift",
        least_n=300,
        least_effect=0.1,
        severity="medium",
        playbook="retrain",
    ),
    Measure(
        rule="latency",
        series="latency",
        counts=_series("latency"),
        how="tail",
        least_n=200,
        least_effect=0.05,
        severity="medium",
        playbook="freeze",
    ),
    Measure(
        rule="energy",
        series="energy",
        counts=_series("energy"),
        how="tail",
        tail=0.5,
        least_n=200,
        least_effect=0.15,
        severity="medium",
        playbook="freeze",
    ),
    Measure(
        rule="memory",
        series="memory",
        counts=_series("memory"),
        how="tail",
        tail=0.5,
        least_n=200,
        least_effect=0.15,
        severity="medium",
        playbook="freeze",
    ),
)


def series_measures(bins: Mapping[str, Any]) -> list[Measure]:
    """Return the measures of the inputs for which a subject reports histograms."""
    return [
        Measure(
            rule="input-drift",
            series=name,
            counts=_series(name),
            how="shift",
            least_n=300,
            least_effect=0.1,
            severity="medium",
            playbook="retrain",
        )
        for name in sorted(bins)
        if name.startswith("input.")
    ]
