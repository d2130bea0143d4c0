"""What cannot be taken in, kept or counted."""

from governance.errors import GovernanceError

__all__ = ["TelemetryError"]


class TelemetryError(GovernanceError):
    """A file or a store that nothing honest can be made of."""
