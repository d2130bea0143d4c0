"""Errors of showback."""

from governance.errors import GovernanceError

__all__ = ["ShowbackError"]


class ShowbackError(GovernanceError):
    """A bill or a measurement from which no correct allocation can be made."""
