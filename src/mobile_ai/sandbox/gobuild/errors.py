"""Error raised when a program cannot be built."""

from mobile_ai.sandbox.errors import SandboxError


class GoBuildError(SandboxError):
    """A program could not be built from its pinned Go modules."""
