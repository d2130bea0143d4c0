"""Rollback watch: detects that a new version is worse than the one before it.

A version is *new* until its probation has passed. During probation every window of runs is
evaluated: too many failures, or a median time per row that exceeds a multiple of the old version's,
trips the watch, and a tripped watch stays tripped. The median, because a busy neighbour on the
same cores slows some runs of any version. After probation a regression is not attributed to the
update, and a rollback would not fix it.

Pure: no clock and no runtime in here; times are arguments.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mobile_ai.edge.models.settings import WatchSettings

_SLOTS: Final = 12  # a window slides in twelfths
_STEP: Final = 1.1  # times are counted in bins 10 % wide


@dataclass(slots=True)
class _Slot:
    """Counts of the runs in a twelfth of a window."""

    begun: float
    runs: int
    failed: int
    bins: dict[int, int]  # rows by logarithm of their time


class Watch:
    """Watches one version from its first run on.

    Attributes:
        tripped: Reason for a rollback, or ``None``.
    """

    def __init__(
        self, settings: WatchSettings, *, now: float, reference: float | None = None
    ) -> None:
        """Start the probation.

        Args:
            settings: Conditions of a rollback.
            now: Seconds of a monotonic clock.
            reference: The old version's median time per row in seconds, if there is one.
        """
        self._settings, self._began, self._reference = settings, now, reference
        self._slots: deque[_Slot] = deque()
        self.tripped: str | None = None

    def observe(self, *, now: float, rows: int, seconds: float, failed: bool) -> str | None:
        """Count a run; return the reason for a rollback, or ``None``.

        Args:
            now: Time at which it ended.
            rows: Rows of its batch.
            seconds: Its duration.
            failed: True if the runtime failed.
        """
        slot = self._slot(now)
        slot.runs += 1
        if failed:
            slot.failed += 1
        else:
            at = _bin(seconds / max(rows, 1))
            slot.bins[at] = slot.bins.get(at, 0) + 1
        if self.tripped is None and self.on_probation(now):
            self.tripped = self._judge()
        return self.tripped

    def on_probation(self, now: float) -> bool:
        """Return whether the version is still new."""
        return now - self._began < self._settings.probation_seconds

    def median(self) -> float | None:
        """Return the median time per row of the recent runs, seconds; ``None`` without runs."""
        return percentile(self._bins(), 0.5)

    def _judge(self) -> str | None:
        limits = self._settings
        runs = sum(slot.runs for slot in self._slots)
        if runs < limits.min_runs:
            return None
        failed = sum(slot.failed for slot in self._slots)
        if failed > limits.error_rate * runs:
            return f"{failed} of {runs} runs failed; at most {limits.error_rate:.0%} may"
        median = self.median()
        if median is None or self._reference is None or median <= limits.slowdown * self._reference:
            return None
        return (
            f"median {median * 1000:.3g} ms per row; the previous version took "
            f"{self._reference * 1000:.3g} ms, and {limits.slowdown:g} times that is the limit"
        )

    def _slot(self, now: float) -> _Slot:
        width = self._settings.window_seconds / _SLOTS
        while self._slots and self._slots[0].begun <= now - self._settings.window_seconds:
            self._slots.popleft()
        if not self._slots or now - self._slots[-1].begun >= width:
            self._slots.append(_Slot(now, 0, 0, {}))
        return self._slots[-1]

    def _bins(self) -> dict[int, int]:
        return _merged(slot.bins for slot in self._slots)


def percentile(bins: dict[int, int], share: float) -> float | None:
    """Return the upper edge, in seconds, of the bin that contains a percentile."""
    total = sum(bins.values())
    seen = 0
    for at in sorted(bins):
        seen += bins[at]
        if seen >= share * total:
            return math.pow(_STEP, at + 1)
    return None


def _merged(all_bins: Iterable[dict[int, int]]) -> dict[int, int]:
    merged: dict[int, int] = {}
    for bins in all_bins:
        for at, count in bins.items():
            merged[at] = merged.get(at, 0) + count
    return merged


def _bin(seconds: float) -> int:
    return math.floor(math.log(max(seconds, 1e-9), _STEP))
