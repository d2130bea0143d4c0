"""Input of the monitor: counts and histograms of one subject in one window."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, order=True)
class MonitoredSubject:
    """Dimensions of the data.

    Attributes:
        app: The application.
        model: The model.
        version: Its version.
        ring: The ring; empty if there is none.
        channel: Ingestion channel of the events, `device` or `site`.
        group: A group of people; empty for all.
    """

    app: str
    model: str
    version: str
    ring: str
    channel: str
    group: str = ""

    @property
    def everybody(self) -> "MonitoredSubject":
        """The same subject, for all groups together."""
        return replace(self, group="")


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums of a window. Addition is associative and commutative; the empty cell is its identity.

    Attributes:
        counts: By name: `inference`, `error`, `crash`, `installed`, `refused`.
        bins: Counts by bin, by name of the series.
    """

    counts: Mapping[str, float] = field(default_factory=dict)
    bins: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: "Cell") -> "Cell":
        """Return the sum of both cells."""
        counts = dict(self.counts)
        for name, n in other.counts.items():
            counts[name] = counts.get(name, 0.0) + n
        bins = dict(self.bins)
        for name, values in other.bins.items():
            bins[name] = _add(bins[name], values) if name in bins else values
        return Cell(counts, bins)

    def count(self, name: str) -> float:
        """Return a count, or 0."""
        return self.counts.get(name, 0.0)

    def histogram(self, name: str) -> Any | None:
        """Return the counts by bin of a series, or ``None``."""
        return self.bins.get(name)


History = Mapping[MonitoredSubject, Mapping[int, Cell]]
"""Cells by subject and window; a window is numbered from 1970 in units of its width."""


def total(cells: Iterable[Cell]) -> Cell:
    """Return the sum of cells."""
    return sum(cells, Cell())


def _add(one: Any, other: Any) -> Any:
    """Add bin by bin; the shorter histogram is padded with zeros."""
    if len(one) < len(other):
        one, other = other, one
    result = np.array(one, float)
    result[: len(other)] += other
    return result
