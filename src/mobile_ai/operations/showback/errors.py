"""Errors of showback."""

from mobile_ai.contracts.errors import GovernanceError


class ShowbackError(GovernanceError):
    """A bill or a measurement from which no correct allocation can be made."""
