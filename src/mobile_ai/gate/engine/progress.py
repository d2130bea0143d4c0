"""Progress output: a live status on a terminal, occasional lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PLAIN_EVERY_SECONDS = 10.0
Tell = Callable[[str], None]
"""Receives a progress message."""


@contextmanager
def progress_shown() -> Iterator[Tell]:
    """Yield a function that shows a message on standard error until the block ends."""
    if not sys.stderr.isatty():
        yield _Plain().tell
        return
    from rich.console import Console  # noqa: PLC0415  slow to import, and not needed in a log

    with Console(file=sys.stderr).status("") as status:
        yield status.update


class _Plain:
    """Log output: prints the first message at once, then the latest every few seconds."""

    def __init__(self) -> None:
        self._next = 0.0

    def tell(self, sentence: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PLAIN_EVERY_SECONDS
            print(f"{sentence} ...", file=sys.stderr, flush=True)
