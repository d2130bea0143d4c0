"""What cannot be shown back because it cannot be right."""

from governance.errors import GovernanceError

__all__ = ["ShowbackError"]


class ShowbackError(GovernanceError):
    """A bill or a measurement that no honest sum can be made of."""
