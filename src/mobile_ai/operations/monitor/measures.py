"""Monitored measures: their counts, smallest relevant change, and proposed playbook."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np

from mobile_ai.operations.monitor.window_counts import Cell

Severity = Literal["low", "medium", "high"]
"""Severity of a finding, from least to most."""
Action = Literal["notify", "threshold", "retrain", "throttle", "scale-down", "freeze", "rollback"]
"""Names of playbooks, mildest first; the first three change nothing that runs."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A monitored measure.

    Attributes:
        rule: Name of the rule in a finding.
        series: Name of the series, for the reader.
        counts: Returns the counts by bin of a cell, or ``None`` if it has none.
        least_n: Minimum count in window and reference.
        least_effect: Smallest relevant change: a population stability index above its bias, or a
            difference of proportions.
        how: `shift`: any change of proportions. `rise`: more in the first of two bins. `tail`: more
            above the reference's upper quantile of share `tail`.
        tail: Share for `tail`.
        severity: Severity of a finding.
        playbook: Playbook that a finding proposes.
        by_group: True if each group is judged too.
    """

    rule: str
    series: str
    counts: Callable[[Cell], Any | None]
    least_n: int
    least_effect: float
    _: KW_ONLY
    how: Literal["shift", "rise", "tail"]
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


_rise: Final = partial(Measure, how="rise", severity="high", playbook="freeze")
_shift: Final = partial(Measure, how="shift", severity="medium", playbook="retrain")
_tail: Final = partial(Measure, how="tail", severity="medium", playbook="freeze")

MEASURES: Final = (
    _rise("crash-rate", "crash", _failures("crash", "inference"), 500, 0.003),
    _rise("error-rate", "error", _failures("error", "inference"), 500, 0.01),
    _rise("update-failure", "refused", _failures("refused", "installed"), 50, 0.05),
    _rise("quality-drop", "label", _misses, 200, 0.03, playbook="rollback", by_group=True),
    _shift("prediction-drift", "prediction", _series("prediction"), 300, 0.1),
    _tail("latency", "latency", _series("latency"), 200, 0.05),
    _tail("energy", "energy", _series("energy"), 200, 0.15, tail=0.5),
    _tail("memory", "memory", _series("memory"), 200, 0.15, tail=0.5),
)
"""Measures of a window and their thresholds."""


def series_measures(bins: Mapping[str, Any]) -> list[Measure]:
    """Return the measures of the inputs for which a subject reports histograms."""
    return [
        _shift("input-drift", name, _series(name), 300, 0.1)
        for name in sorted(bins)
        if name.startswith("input.")
    ]
