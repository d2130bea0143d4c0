"""Build progress: a live status on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

_PLAIN_EVERY_SECONDS = 20.0


class Progress(Protocol):
    """Receives the progress of a long step."""

    def note(self, message: str) -> None:
        """Show one message permanently."""

    def tick(self, stage: str, *, packages: int, seconds: float) -> None:
        """Update the state of the build, about once a second.

        Args:
            stage: Current stage, as `Compiling`.
            packages: Go packages compiled so far.
            seconds: Time since the build began.
        """


class Quiet:
    """Discards all progress; for tests and for `--json`."""

    def note(self, message: str) -> None:
        """Discard the message."""

    def tick(self, stage: str, *, packages: int, seconds: float) -> None:
        """Discard the state."""


class _Plain:
    """Prints a line at intervals, for logs of continuous integration."""

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
    """Return the state of a build in one line.

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
    # Imported here: rich is slow to import, and a cached engine shows no progress.
    from rich.console import Console  # noqa: PLC0415

    console = Console(file=stream)
    with console.status("") as status:

        class _Live:
            def note(self, message: str) -> None:
                console.print(message, highlight=False)

            def tick(self, stage: str, *, packages: int, seconds: float) -> None:
                status.update(describe(stage, packages=packages, seconds=seconds))

        yield _Live()
