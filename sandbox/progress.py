"""How a build tells that it is alive: a moving line on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

__all__ = ["Progress", "Quiet", "shown"]

_PLAIN_EVERY_SECONDS = 20.0


class Progress(Protocol):
    """Receives what a long step has to say."""

    def note(self, message: str) -> None:
        """Take one sentence that stays visible."""

    def tick(self, stage: str, *, packages: int, seconds: float) -> None:
        """Take the state of the build, about once a second.

        Args:
            stage: What is done now, as `Compiling`.
            packages: Go packages compiled so far.
            seconds: Time since the build began.
        """


class Quiet:
    """Drops everything; for tests and for `--json`."""

    def note(self, message: str) -> None:
        """Drop the message."""

    def tick(self, stage: str, *, packages: int, seconds: float) -> None:
        """Drop the state."""


class _Plain:
    """A line now and then, for logs of continuous integration."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next_seconds = 0.0

    def note(self, message: str) -> None:
        print(message, file=self._stream, flush=True)

    def tick(self, stage: str, *, packages: int, seconds: float) -> None:
        if seconds >= self._next_seconds:
            self._next_seconds = seconds + _PLAIN_EVERY_SECONDS
            self.note(describe(stage, packages=packages, seconds=seconds))


def describe(stage: str, *, packages: int, seconds: float) -> str:
    """Say the state of a build in one line.

    >>> describe("Compiling", packages=812, seconds=125.0)
    'Compiling: 812 packages, 2:05'
    """
    return f"{stage}: {packages} packages, {int(seconds) // 60}:{int(seconds) % 60:02d}"


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    """Show progress on `stream` (standard error) until the block ends."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield _Plain(stream)
        return
    # rich is slow to import, and a cached engine shows nothing at all.
    from rich.console import Console  # noqa: PLC0415

    console = Console(file=stream)
    with console.status("") as status:

        class _Live:
            def note(self, message: str) -> None:
                console.print(message, highlight=False)

            def tick(self, stage: str, *, packages: int, seconds: float) -> None:
                status.update(describe(stage, packages=packages, seconds=seconds))

        yield _Live()
