"""What a service is to the one that starts it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["Service", "nothing"]


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A server of the sandbox.

    Attributes:
        name: Its name in commands, logs and the state.
        command: The program and its arguments; a changed command means a restart.
        env: Variables on top of a small base environment.
        user: Account to run as; `None` is the caller's.
        after: Services that have to be ready first.
        prepare: Makes what it needs before it starts; safe to repeat.
        settle: What is done once it answers, such as installing definitions; safe to repeat.
        patience_seconds: How long it may take until it answers.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    after: tuple[str, ...] = ()
    prepare: Callable[[], None] = nothing
    settle: Callable[[], None] = nothing
    patience_seconds: float = 90.0
