"""Counters and histograms, cheap enough for every request.

`prometheus_client` takes a lock for each observation; these are plain lists that only the event
loop's thread writes, and that a collector reads at a scrape.
"""

from __future__ import annotations

from typing import Final

_MICROSECOND: Final = 1e6
_BUCKETS: Final = 25  # the last one begins at 2**23 us, 8 seconds


class Durations:
    """A histogram of durations; bucket ``i`` ends before ``2**i`` microseconds."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        """Start empty."""
        self.counts = [0] * _BUCKETS
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = int(seconds * _MICROSECOND).bit_length()
        self.counts[bucket if bucket < _BUCKETS else -1] += 1
        self.seconds += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Return cumulative counts by upper bound in seconds, as Prometheus expects."""
        rows, total = [], 0
        for index, count in enumerate(self.counts):
            total += count
            bound = "+Inf" if index == _BUCKETS - 1 else str((1 << index) / _MICROSECOND)
            rows.append((bound, float(total)))
        return rows


class Sizes:
    """A histogram of batch sizes; bucket ``i`` holds up to ``2**i`` rows."""

    __slots__ = ("counts", "rows")

    def __init__(self) -> None:
        """Start empty."""
        self.counts = [0] * 12
        self.rows = 0

    def add(self, rows: int) -> None:
        """Count one batch."""
        bucket = (rows - 1).bit_length()
        self.counts[bucket if bucket < len(self.counts) else -1] += 1
        self.rows += rows

    def cumulative(self) -> list[tuple[str, float]]:
        """Return cumulative counts by upper bound in rows."""
        ends, total = [], 0
        for index, count in enumerate(self.counts):
            total += count
            bound = "+Inf" if index == len(self.counts) - 1 else str(1 << index)
            ends.append((bound, float(total)))
        return ends


class ModelStats:
    """Statistics of the requests of one version of a model.

    Attributes:
        total: Time from the request's last byte to its outputs.
        queue: Time waiting for a batch.
        run: Time in the runtime, per call.
        batch: Rows per call.
        outcomes: Requests by outcome; unfit: the model cannot take such inputs.
    """

    __slots__ = ("batch", "outcomes", "queue", "run", "total")

    def __init__(self) -> None:
        """Start empty."""
        self.total, self.queue, self.run = Durations(), Durations(), Durations()
        self.batch = Sizes()
        self.outcomes = {"ok": 0, "failed": 0, "unfit": 0, "shed": 0, "expired": 0}
