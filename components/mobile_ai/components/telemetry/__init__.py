"""The telemetry intake: API, stream, transform and store."""
