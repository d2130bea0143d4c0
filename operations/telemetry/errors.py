"""Errors of telemetry."""

from governance.errors import GovernanceError

__all__ = ["TelemetryError"]


class TelemetryError(GovernanceError):
    """A file or a store that cannot be ingested or counted."""
