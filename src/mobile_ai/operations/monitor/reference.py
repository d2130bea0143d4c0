"""Learns a reference from a subject's first windows, with seasonal slots where data suffice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mobile_ai.operations.monitor.statistics import overdispersion

_LEAST: Final = 2  # windows that a slot needs
_DAY: Final = 24
_WEEK: Final = 168
_EPOCH_SHIFT: Final = 72  # 1970-01-01 was a Thursday; 72 hours to the next Sunday


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Normal counts of a series.

    Attributes:
        period: Hours after which slots repeat: 168, 24, or 0 for a single slot.
        width: Hours of a window.
        slots: Counts by bin, by slot.
        dispersion: Overdispersion of the windows within a slot; 1 for pure sampling variation.
        last: Its last window.
    """

    period: int
    width: int
    slots: Mapping[int, Any]
    dispersion: float
    last: int

    def of(self, window: int) -> Any | None:
        """Return the normal counts for a window's slot."""
        return self.slots.get(_slot(window, self.width, self.period))


def learn(windows: Mapping[int, Any], *, wanted: int, width: int) -> Reference | None:
    """Return the reference of the first windows, or ``None`` while there are too few.

    The finest slots with at least two windows each are used: hour of the week, hour of the day,
    none. Without slots, daily variation counts as dispersion, so it raises no alarm.

    Args:
        windows: Counts by bin, of equal length, by window.
        wanted: Number of windows in a reference.
        width: Hours of a window.
    """
    first = sorted(windows)[:wanted]
    if len(first) < wanted:
        return None
    for period in (_WEEK, _DAY, 0):
        groups: dict[int, list[int]] = {}
        for window in first:
            groups.setdefault(_slot(window, width, period), []).append(window)
        full = period == 0 or len(groups) >= max(1, period // width)
        if full and min(map(len, groups.values())) >= _LEAST:
            return _build(windows, groups, period=period, width=width, last=first[-1])
    return None


def _build(
    windows: Mapping[int, Any],
    groups: Mapping[int, Sequence[int]],
    *,
    period: int,
    width: int,
    last: int,
) -> Reference:
    tables = {
        slot: np.array([windows[window] for window in members], float)
        for slot, members in groups.items()
    }
    return Reference(
        period=period,
        width=width,
        slots={slot: table.sum(axis=0) for slot, table in tables.items()},
        dispersion=overdispersion(tables.values()),
        last=last,
    )


def _slot(window: int, width: int, period: int) -> int:
    return 0 if period == 0 else ((window * width + _EPOCH_SHIFT) % period) // width
