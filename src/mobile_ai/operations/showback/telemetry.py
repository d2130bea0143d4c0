"""Measures a month's usage from the partials of a telemetry store."""

from pathlib import Path
from typing import Final

import duckdb

from mobile_ai.operations.showback.bill import check_month
from mobile_ai.operations.showback.measured import Measured, MeasuredMonth
from mobile_ai.operations.telemetry.compact import connect
from mobile_ai.operations.telemetry.store import EventStore

# Partials outlive events. Inferences on devices appear on no bill, so only edge and cloud count;
# only device counts are capped.
_QUERY: Final = """
SELECT app, model, version, ring,
  SUM(CASE WHEN kind = 'inference' AND target IN ('edge', 'cloud') THEN n ELSE 0 END),
  SUM(CASE WHEN kind = 'update' AND outcome = 'installed' THEN events ELSE 0 END),
  SUM(bytes),
  SUM(events),
  SUM(CASE WHEN kind = 'active' THEN events ELSE 0 END)
FROM read_parquet(?, hive_partitioning = false)
WHERE hour[:7] = ?
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def measured_month(folder: Path, month: str, *, project: str = "", team: str = "") -> MeasuredMonth:
    """Return the usage that a compacted store counted in a month.

    Telemetry contains no registry calls, nodes or pods: these stay empty.

    Args:
        folder: The store.
        month: ``YYYY-MM``.
        project: Owner of the stack, for applications without a tag of their own.
        team: Owner of the stack.

    Raises:
        ShowbackError: The month is none.
    """
    check_month(month)
    files = EventStore(folder).partials("counts")
    rows: list[tuple[object, ...]] = []
    if files:
        connection: duckdb.DuckDBPyConnection = connect()
        try:
            rows = connection.execute(_QUERY, [files, month]).fetchall()
        finally:
            connection.close()
    names = ("inferences", "updates", "delivered_bytes", "events", "active_devices")
    return MeasuredMonth(
        api_version="mobile-ai/v1",
        kind="MeasuredMonth",
        month=month,
        rows=tuple(
            Measured.model_validate(
                {"project": project, "team": team}
                | dict(zip(("app", "model", "version", "ring"), key[:4], strict=True))
                | {name: str(value) for name, value in zip(names, key[4:], strict=True)}
            )
            for key in rows
        ),
    )
