"""Compares limits of the policy pack with fleet measurements, and proposes better ones.

A finding contains the distribution; people decide. Two cases lead to a proposal: a limit so high
that it never denies anything, and one that the fleet exceeds. Pure.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mobile_ai.operations.monitor.alarm import begin_of
from mobile_ai.operations.monitor.finding import FindingSubject, MonitorFinding, Threshold, Windows
from mobile_ai.operations.monitor.limits import Limit, Limited
from mobile_ai.operations.monitor.window_counts import History
from mobile_ai.operations.telemetry.queries import SCALES

LEAST_N: Final = 10_000
"""Minimum events of a version: the 99th percentile of 10,000 rests on 100 events."""
LEAST_DAYS: Final = 7
"""Minimum days with events: a full week, to include a weekend."""
_LATEST_DAYS: Final = 28
_HEADROOM: Final = 1.25
_SLACK: Final = 2.0  # a limit is loose from twice the sufficient value
_SHOWN: Final = (0.5, 0.9, 0.95, 0.99)
_LOWEST: Final = {name.partition("_")[0]: lowest for name, lowest in SCALES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Measurements of one version: counts by bin, and their windows."""

    of: Limited
    counts: Any
    windows: tuple[int, ...]


def propose_thresholds(
    history: History, limits: Iterable[Limit], *, stack: str, width: int
) -> list[MonitorFinding]:
    """Return a finding for each limit that does not fit; the same data give the same findings.

    Every current version to which a limit applies must be measured, since a limit that fits one may
    break another. The version with the highest value decides.

    Args:
        history: Cells by subject and window; only device data are used.
        limits: Limits of the pack.
        stack: The stack.
        width: Hours of a window.
    """
    found = []
    for limit in limits:
        measured = {
            item: _measured(history, item, limit.amount.series, width) for item in limit.versions
        }
        known = [item for item in measured.values() if item is not None]
        if known and all(measured[item] for item in limit.versions if item.is_current):
            found += list(_judged(limit, known, stack, width))
    return found


def over(
    before: Iterable[MonitorFinding], found: Iterable[MonitorFinding], *, stack: str
) -> list[MonitorFinding]:
    """Return a stack's earlier proposals that no longer apply, as closed findings."""
    still = {item.id for item in found}
    return [
        item.model_copy(update={"is_open": False})
        for item in before
        if item.threshold is not None and item.threshold.stack == stack and item.id not in still
    ]


def quantile(series: str, counts: Any, share: float) -> float:
    """Return the upper edge of the bin that contains a quantile.

    Args:
        series: ``latency``, ``memory`` or ``energy``.
        counts: By quarter of an octave, from the series' lowest value on.
        share: The quantile, such as 0.95.
    """
    at = int(np.searchsorted(np.cumsum(counts), share * np.sum(counts)))
    return float(_LOWEST[series] * 2 ** ((at + 1) / 4))


def rounded_up(value: float) -> float:
    """Round up to two significant digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(round(value / unit, 6)) * unit:.6g}")


def _measured(history: History, of: Limited, series: str, width: int) -> _Measured | None:
    cells = {
        (subject, window): counts
        for subject, windows in history.items()
        if (subject.app, subject.model, subject.version) == (of.app, of.model, of.version)
        and subject.channel == "device"
        and not subject.group
        for window, cell in windows.items()
        if (counts := cell.histogram(series)) is not None
    }
    if not cells:
        return None
    latest = max(window for _, window in cells)
    first = latest - _LATEST_DAYS * 24 // width
    kept = {key: counts for key, counts in cells.items() if key[1] > first}
    windows = tuple(sorted({window for _, window in kept}))
    counts = np.sum(np.array([*kept.values()]), axis=0)
    days = {window * width // 24 for window in windows}
    if counts.sum() < LEAST_N or len(days) < LEAST_DAYS:
        return None
    return _Measured(of=of, counts=counts, windows=windows)


def _judged(
    limit: Limit, measured: list[_Measured], stack: str, width: int
) -> Iterator[MonitorFinding]:
    amount = limit.amount

    def taken(item: _Measured) -> float:
        return amount.scale * quantile(amount.series, item.counts, amount.quantile)

    most = max(measured, key=taken)
    built = [item.at_build for item in limit.versions if item.at_build is not None]
    # A limit below a pinned manifest's own value would deny the current deployment.
    enough = rounded_up(_HEADROOM * max([taken(most), *built]))
    if limit.now < taken(most) or limit.now >= _SLACK * enough:
        change = _change(limit, most, stack, enough, max(built, default=None))
        yield _finding(change, most, amount.series, width)


def _change(
    limit: Limit, most: _Measured, stack: str, proposed: float, at_build: float | None
) -> Threshold:
    amount = limit.amount
    shown = {
        f"p{share * 100:g}": amount.scale * quantile(amount.series, most.counts, share)
        for share in _SHOWN
    }
    return Threshold(
        stack=stack,
        rule=amount.rule,
        parameter=limit.parameter,
        unit=amount.unit,
        now=limit.now,
        proposed=proposed,
        limited=f"p{amount.quantile * 100:g}",
        quantiles={name: float(f"{value:.4g}") for name, value in shown.items()},
        at_build=at_build,
        n=float(np.sum(most.counts)),
        windows=len(most.windows),
        deployments=len({(item.app, item.model) for item in limit.versions}),
    )


def _finding(change: Threshold, most: _Measured, series: str, width: int) -> MonitorFinding:
    of, measured = most.of, change.quantiles[change.limited]
    first, last = (begin_of(most.windows[at], width) for at in (0, -1))
    says = "the fleet exceeds it" if change.now < measured else "it never denies anything"
    return MonitorFinding(
        id=_id(change),
        rule="threshold",
        severity="low",
        summary=(
            f"{change.rule}.{change.parameter} is {change.now:,.10g} {change.unit}; "
            f"{change.limited} of {of.app} {of.model} {of.version} is {measured:,.10g} "
            f"(n {change.n:,.0f}): {says}"
        ),
        subject=FindingSubject(app=of.app, model=of.model, version=of.version),
        series=series,
        source="device",
        against="past",
        windows=Windows(
            width_hours=width, first=first, alarm=last, last=last, breached=change.windows
        ),
        evidence={**change.quantiles, "n": change.n},
        is_open=True,
        playbook="threshold",
        allowed_actions=("notify", "threshold"),
        needs_approval=(),
        threshold=change,
    )


def _id(change: Threshold) -> str:
    """Return an id derived from the proposal: more data for the same one is no new finding."""
    parts = (change.stack, change.rule, change.parameter, f"{change.now:g}", f"{change.proposed:g}")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
