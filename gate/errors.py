"""What keeps the gate from asking the engine at all."""

__all__ = ["GateError"]


class GateError(Exception):
    """The gate cannot run: the message says what, got, expected and the next step."""
