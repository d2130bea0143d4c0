"""Error of this room."""

from mobile_ai.contracts.errors import GovernanceError


class SigningError(GovernanceError):
    """Something cannot be signed, or a key or signer cannot be used; nothing was written."""
