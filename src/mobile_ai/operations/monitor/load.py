"""Loads the monitor's cells from the partials of a telemetry store."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from mobile_ai.operations.monitor.window_counts import Cell, History, MonitoredSubject
from mobile_ai.operations.telemetry.compact import connect
from mobile_ai.operations.telemetry.store import EventStore

_KEYS: Final = 'app, model, version, ring, channel, "group"'
_UPDATES: Final = MappingProxyType(
    {"installed": "installed", "refused": "refused", "failed": "refused"}
)
_LONGEST: Final = 64  # bins


def load_history(store: EventStore, *, width: int = 1) -> History:
    """Return the cells of all partials, summed over windows of `width` hours.

    Groups are separate subjects, and also included in their `everybody` subject.

    Args:
        store: A compacted store.
        width: Hours of a window.
    """
    found: dict[MonitoredSubject, dict[int, Cell]] = {}
    connection = connect()
    try:
        with store.lock():  # a compaction would remove files under the query
            cells = list(_cells(connection, store))
    finally:
        connection.close()
    for key, hour, cell in cells:
        window, subject = _window(hour, width), MonitoredSubject(*key)
        for one in {subject, subject.everybody}:
            windows = found.setdefault(one, {})
            windows[window] = windows.get(window, Cell()) + cell
    return found


def _cells(connection: Any, store: EventStore) -> Any:
    counts, bins = store.partials("counts"), store.partials("bins")
    if not counts:
        return
    query = f"""
        SELECT {_KEYS}, hour, kind, outcome, SUM(n) FROM read_parquet(?, hive_partitioning = false)
        GROUP BY ALL"""  # noqa: S608  names of our own
    for *key, hour, kind, outcome, n in connection.execute(query, [counts]).fetchall():
        if name := _name(kind, outcome):
            yield key, hour, Cell({name: float(n)})
    query = f"""
        SELECT {_KEYS}, hour, series, LIST(bin ORDER BY bin), LIST(n ORDER BY bin) FROM (
          SELECT {_KEYS}, hour, series, bin, SUM(n) AS n
          FROM read_parquet(?, hive_partitioning = false) GROUP BY ALL)
        GROUP BY ALL"""  # noqa: S608
    for *key, hour, series, places, values in connection.execute(query, [bins]).fetchall():
        histogram = np.zeros(_LONGEST if series in _SCALED else max(places))
        histogram[np.array(places) - 1] = values
        yield key, hour, Cell(bins={series: histogram})


_SCALED: Final = frozenset({"latency", "energy", "memory"})


def _name(kind: str, outcome: str) -> str | None:
    """Return the name of a count in a cell, or ``None`` if no rule uses it."""
    names: Mapping[str, str | None] = {
        "inference": "error" if outcome == "error" else "inference",
        "error": "crash" if outcome == "crash" else "error",
        "update": _UPDATES.get(outcome),
    }
    return names.get(kind)


def _window(hour: str, width: int) -> int:
    moment = datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    return int(moment.timestamp()) // 3600 // width
