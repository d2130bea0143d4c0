"""What can go wrong before the engine runs."""

from sandbox.errors import SandboxError

__all__ = ["EngineError"]


class EngineError(SandboxError):
    """No usable engine."""
