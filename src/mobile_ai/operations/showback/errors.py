"""Errors of showback."""

from mobile_ai.contracts.errors import GovernanceError

__all__ = ["ShowbackError"]


class ShowbackError(GovernanceError):
    """A bill or a measurement from which no correct allocation can be made."""
