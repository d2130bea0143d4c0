"""Telemetry: aggregation speed, growth in time and memory, and event loss after a kill."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._row import Row
from mobile_ai.operations.monitor.statistics import psi
from mobile_ai.operations.telemetry.compact import connect
from mobile_ai.operations.telemetry.queries import QUERIES, duckdb_form
from tests.operations.telemetry.crashes import crash

__all__ = ["IDS", "rows"]

IDS = (
    "telemetry.rows_per_s",
    "telemetry.psi_1m_s",
    "telemetry.growth_30x",
    "ingest.lost_or_doubled",
)
_MILLION = 1_000_000
_REPEATS = 5
_FEATURES = 20
_KILLS = 100

# 15 columns of a compacted store; two months, hours in order as compaction writes them.
_EVENTS = """
SELECT
  'inference' AS kind, 'app-' || (i % 5) AS app, 'model-' || (i % 3) AS model,
  '1.' || (i % 4) || '.0' AS version, CASE WHEN i % 20 = 0 THEN 'canary' ELSE 'general' END AS ring,
  'device' AS channel, CAST(NULL AS VARCHAR) AS "group",
  CASE WHEN i % 7 = 0 THEN 'edge' ELSE 'on-device' END AS target, 'ok' AS outcome,
  STRFTIME(TIMESTAMP '2026-01-01' + INTERVAL (i * 1440 // {total}) HOUR, '%Y-%m-%dT%H') AS hour,
  1 + HASH(i) % 50 AS count, CAST(NULL AS BIGINT) AS bytes,
  2 + (HASH(i + 1) % 1000) / 100.0 AS latency_ms, (HASH(i + 2) % 100) / 1000.0 AS energy_mj,
  1.0 AS share
FROM range({first}, {last}) t(i)
"""


def rows() -> Iterator[Row]:
    """Measure on Parquet in a temporary folder, one thread of DuckDB."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {n: _write(Path(folder), n * _MILLION) for n in (1, 10, 30)}
        yield _aggregate(sizes[10])
        yield _psi(Path(folder))
        yield _growth(sizes)
    with tempfile.TemporaryDirectory() as folder:
        yield _crashes(Path(folder))


def _write(folder: Path, total: int) -> str:
    connection = connect()
    for first in range(0, total, _MILLION):
        path = folder / f"{total}-{first:09}.parquet"
        query = _EVENTS.format(first=first, last=first + _MILLION, total=total)
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    connection.close()
    return str(folder / f"{total}-*.parquet")


def _showback(files: str) -> Callable[[], Any]:
    def run() -> Any:
        connection = connect()
        connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{files}')")  # noqa: S608
        found = connection.execute(duckdb_form(QUERIES["showback"])).fetchall()
        connection.close()
        return found

    return run


def _times(run: Callable[[], Any], repeats: int = _REPEATS) -> list[float]:
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        run()
        taken.append(time.process_time() - begun)
    return sorted(taken)


def _aggregate(files: str) -> Row:
    taken = _times(_showback(files))
    drift = _times(_psi_by_day(files), 3)
    return Row(
        id="telemetry.rows_per_s",
        value=10 * _MILLION / taken[0],
        unit="rows/s",
        peer="bar: 8 M rows/s",
        n=_REPEATS,
        note=f"showback aggregate (month, app, model, version, ring, target) of 10 M events, CPU "
        f"time, DuckDB 1 thread: median {10 / taken[len(taken) // 2]:.1f} M rows/s; PSI of latency "
        f"in 20 bins by day from the same rows {10 / drift[0]:.1f} M rows/s; "
        f"peak {_peak(files):.0f} MB in a process of its own",
    )


def _psi_by_day(files: str) -> Callable[[], float]:
    query = f"""
        SELECT SUBSTR(hour, 1, 10), CAST(LEAST(latency_ms * 2, 19) AS INTEGER), COUNT(*)
        FROM read_parquet('{files}') GROUP BY ALL"""  # noqa: S608

    def run() -> float:
        connection = connect()
        found: dict[str, Any] = {}
        for day, at, n in connection.execute(query).fetchall():
            found.setdefault(day, np.zeros(20))[min(at, 19)] = n
        connection.close()
        days = [found[day] for day in sorted(found)]
        return max(psi(day, days[0]) for day in days[1:])

    return run


def _peak(files: str) -> float:
    """Return the peak memory of the aggregate in a fresh process, in MB."""
    program = (
        "import resource\n"
        "from benchmarks.telemetry import _showback\n"
        f"_showback({files!r})()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return int(done.stdout) * 1024 / 1e6


def _psi(folder: Path) -> Row:
    """Measure PSI over one million rows with histograms of 20 inputs, from hourly partials."""
    path, connection = folder / "bins.parquet", connect()
    connection.execute(f"""
        COPY (
          SELECT hour, feature, bin, SUM(n) AS n FROM (
            SELECT 'h' || (i * 720 // {_MILLION}) AS hour,
              'input.f' || (i % {_FEATURES}) AS feature,
              UNNEST(RANGE(1, 11)) AS bin, 1 + HASH(i) % 9 AS n
            FROM range({_MILLION}) t(i))
          GROUP BY ALL) TO '{path}' (FORMAT parquet, COMPRESSION zstd)""")  # noqa: S608
    connection.close()
    query = f"""
        SELECT feature, hour >= 'h5' AS late, bin, SUM(n)::DOUBLE
        FROM read_parquet('{path}') GROUP BY ALL"""  # noqa: S608

    def run() -> list[float]:
        connection, found = connect(), {}
        for feature, late, at, n in connection.execute(query).fetchall():
            found.setdefault((feature, late), np.zeros(10))[at - 1] = n
        connection.close()
        names = {name for name, _ in found}
        assert len(names) == _FEATURES
        return [psi(found[name, True], found[name, False]) for name in names]

    taken = _times(run)
    return Row(
        id="telemetry.psi_1m_s",
        value=taken[0],
        unit="s",
        peer="bar: 0.5 s",
        n=_REPEATS,
        note=f"{_FEATURES} inputs of 10 bins over 1 M rows, from hourly partials of a month, CPU "
        f"time: median {taken[len(taken) // 2]:.3f} s",
    )


def _growth(sizes: dict[int, str]) -> Row:
    taken = {n: _times(_showback(files), 3)[0] for n, files in sizes.items()}
    each = {n: seconds / n for n, seconds in taken.items()}
    return Row(
        id="telemetry.growth_30x",
        value=each[30] / each[1],
        unit="ratio",
        peer="bar: linear, at most 1.2 x the time a row takes at 1 M",
        n=3,
        note="; ".join(f"{n} M: {seconds:.2f} s CPU" for n, seconds in taken.items())
        + f"; peak at 30 M {_peak(sizes[30]):.0f} MB; this process "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB",
    )


def _crashes(folder: Path) -> Row:
    found = crash(folder, kills=_KILLS)
    return Row(
        id="ingest.lost_or_doubled",
        value=found["lost"] + found["doubled"],
        unit="events",
        peer="bar: 0",
        n=found["killed"],
        note=f"{found['killed']} of {_KILLS} runs were killed (SIGKILL) while they took in and "
        f"compacted; {found['sent']} ids sent, a third of them twice, {found['kept']} kept",
    )
