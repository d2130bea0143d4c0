"""Telemetry pipeline: exactly-once ingestion of events, and hourly partials."""

from operations.telemetry.compact import Compacted, compact
from operations.telemetry.errors import TelemetryError
from operations.telemetry.ingest import Channel, Ingested, ingest_file
from operations.telemetry.retention import Retention, expire
from operations.telemetry.store import Store

__all__ = [
    "Channel",
    "Compacted",
    "Ingested",
    "Retention",
    "Store",
    "TelemetryError",
    "compact",
    "expire",
    "ingest_file",
]
