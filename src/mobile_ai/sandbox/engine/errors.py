"""Error raised when no usable engine was found."""

from mobile_ai.sandbox.errors import SandboxError


class EngineError(SandboxError):
    """No usable engine."""
