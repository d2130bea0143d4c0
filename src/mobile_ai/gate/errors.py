"""Error raised when the gate cannot run the engine."""


class GateError(Exception):
    """The gate cannot run; the message states what, got, expected and the next step."""
