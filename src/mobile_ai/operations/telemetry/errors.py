"""Errors of telemetry."""

from mobile_ai.contracts.errors import GovernanceError


class TelemetryError(GovernanceError):
    """A file or a store that cannot be ingested or counted."""
