"""Compares accuracy between groups of people.

Groups are known only for users who consented, in applications that may ask. They are no
representative sample: a gap is a reason to investigate, and no gap is no proof of fairness.
"""

from collections.abc import Iterator
from typing import Any, Final

from scipy.special import ndtri

from mobile_ai.operations.monitor.compare import ALPHA, Evidence
from mobile_ai.operations.monitor.compare_windows import WindowComparison
from mobile_ai.operations.monitor.statistics import newcombe
from mobile_ai.operations.monitor.window_counts import History, MonitoredSubject

_LEAST_N: Final = 200  # labels of each group
_LEAST_GAP: Final = 0.05


def fairness_gaps(history: History) -> Iterator[WindowComparison]:
    """Yield the gap in accuracy between the best and the worst group, window by window.

    With g groups the two are selected from g (g - 1) / 2 pairs, so the interval is widened by a
    Bonferroni correction.

    Args:
        history: Cells; groups are separate subjects.
    """
    families: dict[MonitoredSubject, list[MonitoredSubject]] = {}
    for subject in sorted(history):
        if subject.group:
            families.setdefault(subject.everybody, []).append(subject)
    for everybody, groups in families.items():
        for window in sorted({window for group in groups for window in history[group]}):
            yield from _gap(history, everybody, groups, window)


def _gap(
    history: History, everybody: MonitoredSubject, groups: list[MonitoredSubject], window: int
) -> Iterator[WindowComparison]:
    counted = {
        group.group: (float(cell.bins["hit"].sum()), float(cell.bins["label"].sum()))
        for group in groups
        if (cell := history[group].get(window)) and {"hit", "label"} <= set(cell.bins)
    }
    rates = {name: (hit / n, hit, n) for name, (hit, n) in counted.items() if n >= _LEAST_N}
    if len(rates) < 2:  # noqa: PLR2004
        return
    worst, best = min(rates, key=lambda name: rates[name]), max(rates, key=lambda name: rates[name])
    yield WindowComparison(
        subject=everybody,
        rule="fairness-gap",
        series="label",
        against="groups",
        window=window,
        evidence=_evidence(rates[best], rates[worst], pairs=len(rates) * (len(rates) - 1) // 2),
        severity="high",
        playbook="freeze",
        other=f"{worst} below {best}",
    )


def _evidence(best: Any, worst: Any, *, pairs: int) -> Evidence:
    gap, low, high = newcombe(
        best[1], best[2], worst[1], worst[2], z=float(-ndtri(ALPHA / 2 / pairs))
    )
    return Evidence(
        n=worst[2], n_reference=best[2], effect=gap, least_effect=_LEAST_GAP, low=low, high=high
    )
