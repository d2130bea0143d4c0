"""What can go wrong before the engine runs."""

__all__ = ["BuildError", "EngineError"]


class EngineError(Exception):
    """No usable engine: the message says what, got, expected and the next step."""


class BuildError(EngineError):
    """The engine could not be built from its pinned Go modules."""
