"""Definition of a service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def nothing() -> None:
    """No-op default of `prepare` and `settle`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A server of the sandbox.

    Attributes:
        name: Its name in commands, logs and the state.
        command: The program and its arguments; a change causes a restart.
        env: Variables in addition to a small base environment.
        user: Account to run as; `None` for the caller's.
        after: Services that must be ready first.
        prepare: Runs before the start; idempotent.
        settle: Runs once the service responds, such as installing definitions; idempotent.
        patience_seconds: Timeout until it responds.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    after: tuple[str, ...] = ()
    prepare: Callable[[], None] = nothing
    settle: Callable[[], None] = nothing
    patience_seconds: float = 90.0
