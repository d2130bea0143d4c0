"""Compacts ingested events: deduplicates them by id and computes hourly partials.

A day's new files replace its old ones atomically, by the day's pointer file. A killed run leaves
the old ones and some unreferenced files, which the next run removes. Partials are sums, so partials
of two days, or of two stores, are merged by addition in any order.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from mobile_ai.operations.telemetry.queries import COMPACTED, QUERIES, duckdb_form
from mobile_ai.operations.telemetry.store import Day, EventStore

_PARTIALS: Final = ("counts", "bins")
_MEMORY: Final = "800MB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """Result of a run.

    Attributes:
        days: Days rewritten.
        rows: Events in those days.
        repeated: Duplicate events dropped.
    """

    days: int = 0
    rows: int = 0
    repeated: int = 0


def connect(store: EventStore | None = None) -> Any:
    """Return a DuckDB connection within limits; it spills to the store's folder."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute("SET enable_progress_bar = false")  # it writes to stdout
    connection.execute("SET preserve_insertion_order = false")
    if store is not None:
        connection.execute(f"SET temp_directory = {_text(store.path('.spill'))}")
    return connection


def compact(store: EventStore, *, progress: Callable[[str], None] = lambda _: None) -> Compacted:
    """Compact every day with new batches.

    Args:
        store: The store.
        progress: Called with each finished day.

    Raises:
        TelemetryError: The folder is not a store.
        OSError: It cannot be written; finished days stay.
    """
    store.prepare()
    done = Compacted()
    with store.lock():
        # Left by a killed run. Ingesting its source again may cut it into other batches, so these
        # segments would never be committed.
        for segment in store.uncommitted():
            store.remove(segment)
        _sweep(store)
        pointers = store.days()
        for day, fresh in sorted(store.committed().items()):
            before = pointers.get(day, Day())
            after, given = _day(store, day, before, fresh)
            store.point(day, after)
            _drop(store, day, after)
            done = Compacted(
                days=done.days + 1,
                rows=done.rows + after.rows,
                repeated=done.repeated + before.rows + given - after.rows,
            )
            progress(day)
        _sweep(store)
    return done


def _day(store: EventStore, day: str, before: Day, fresh: list[str]) -> tuple[Day, int]:
    """Write a day's files; return its pointer and the number of raw events added."""
    inputs = [*([before.compacted] if before.compacted else []), *fresh]
    name = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:24]
    connection = connect(store)
    try:
        given = _rows(connection, [str(store.path(item)) for item in fresh])
        _view(connection, "raw", [str(store.path(item)) for item in inputs])
        compacted = _keep(connection, store, COMPACTED, f"compacted/dt={day}/{name}.parquet")
        _view(connection, "events", [str(store.path(compacted))])
        made = {
            table: _keep(
                connection,
                store,
                duckdb_form(QUERIES[table]),
                f"partials/{table}/dt={day}/{name}.parquet",
            )
            for table in _PARTIALS
        }
        rows = _rows(connection, [str(store.path(compacted))])
    finally:
        connection.close()
    return Day(rows=rows, compacted=compacted, segments=fresh, **made), given


def _view(connection: Any, name: str, files: list[str]) -> None:
    connection.execute(
        f"CREATE VIEW {name} AS SELECT * FROM read_parquet({_list(files)}, "  # noqa: S608
        "union_by_name = true, filename = 'file', hive_partitioning = false)"
    )


def _rows(connection: Any, files: list[str]) -> int:
    query = f"SELECT COUNT(*) FROM read_parquet({_list(files)}, hive_partitioning = false)"  # noqa: S608  names of our own
    return int(connection.execute(query).fetchone()[0])


def _keep(connection: Any, store: EventStore, query: str, name: str) -> str:
    goal = store.path(name)
    goal.parent.mkdir(parents=True, exist_ok=True)
    made = goal.with_name(f".{goal.name}.new")
    connection.execute(f"COPY ({query}) TO {_text(made)} (FORMAT parquet, COMPRESSION zstd)")
    store.adopt(made, name)
    return name


def _drop(store: EventStore, day: str, pointer: Day) -> None:
    """Remove segments that are in the compacted file, then remove them from the pointer."""
    for segment in pointer.segments:
        store.remove(segment)
    if pointer.segments:
        store.point(day, replace(pointer, segments=[]))


def _sweep(store: EventStore) -> None:
    """Remove files that no pointer references, including those of a killed run."""
    pointers = store.days()
    for day, pointer in pointers.items():
        _drop(store, day, pointer)
    used = {name for day in pointers.values() for name in (day.compacted, day.counts, day.bins)}
    for name in [*store.files("compacted/*/*.parquet"), *store.files("partials/*/*/*.parquet")]:
        if name not in used:
            store.remove(name)


def _list(files: list[str]) -> str:
    return f"[{', '.join(map(_text, files))}]"


def _text(value: str | Path) -> str:
    """Return an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"
