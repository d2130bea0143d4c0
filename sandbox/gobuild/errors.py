"""What can go wrong while a program is built."""

from sandbox.errors import SandboxError

__all__ = ["BuildError"]


class BuildError(SandboxError):
    """A program could not be built from its pinned Go modules."""
