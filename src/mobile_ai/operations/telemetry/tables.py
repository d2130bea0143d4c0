"""Parquet schema of events: their columns and the ingestion channel."""

import io
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from mobile_ai.contracts.telemetry import FIELDS

_TYPES: Final = MappingProxyType(
    {
        "string": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "array<bigint>": pa.list_(pa.int64()),
    }
)
SCHEMA: Final = pa.schema(
    [
        *((name, _TYPES[field.column]) for name, field in FIELDS.items()),
        ("channel", pa.string()),
    ]
)
"""Arrow schema of stored events."""


def parquet(events: Sequence[dict[str, Any]], *, channel: str) -> bytes:
    """Return validated events as a Parquet file.

    Args:
        events: Events that `check_event` accepted.
        channel: Ingestion channel; set by the receiver, never by the sender.
    """
    rows = [{**event, "channel": channel} for event in events]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
