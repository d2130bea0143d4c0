"""Status of a telemetry store, for people and for the dashboard."""

import json
from collections import Counter
from typing import Any

from mobile_ai.operations.telemetry.compact import connect
from mobile_ai.operations.telemetry.store import EventStore


def store_status(store: EventStore) -> dict[str, Any]:
    """Return counts of days, events and refusals, and the last event of each subject.

    Args:
        store: The store.
    """
    days = store.days()
    reasons = Counter(
        json.loads(line)["reason"]
        for name in store.files("quarantine/*.jsonl")
        for line in store.path(name).read_bytes().splitlines()
    )
    segments = [segment for some in store.committed().values() for segment in some]
    return {
        "days": len(days),
        "events": sum(day.rows for day in days.values()),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        "waiting_batches": len({segment.rpartition("/")[2] for segment in segments}),
        "refused": reasons.total(),
        "reasons": dict(reasons.most_common(10)),
        "subjects": _subjects(store),
    }


def _subjects(store: EventStore) -> list[dict[str, Any]]:
    files = store.partials("counts")
    if not files:
        return []
    names = ("app", "model", "version", "ring", "channel", "events", "last_hour")
    query = """
        SELECT app, model, version, ring, channel, SUM(events)::BIGINT, MAX(hour)
        FROM read_parquet(?, hive_partitioning = false) GROUP BY ALL ORDER BY ALL"""
    connection = connect()
    try:
        rows = connection.execute(query, [files]).fetchall()
    finally:
        connection.close()
    return [dict(zip(names, row, strict=True)) for row in rows]
