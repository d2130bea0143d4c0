"""Telemetry pipeline: exactly-once ingestion of events, and hourly partials."""
