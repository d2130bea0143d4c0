"""Telemetry pipeline: exactly-once ingestion of events, and hourly partials."""

from mobile_ai.operations.telemetry.compact import Compacted, compact
from mobile_ai.operations.telemetry.errors import TelemetryError
from mobile_ai.operations.telemetry.ingest import Channel, Ingested, ingest_file
from mobile_ai.operations.telemetry.retention import Retention, expire
from mobile_ai.operations.telemetry.store import EventStore

__all__ = [
    "Channel",
    "Compacted",
    "EventStore",
    "Ingested",
    "Retention",
    "TelemetryError",
    "compact",
    "expire",
    "ingest_file",
]
