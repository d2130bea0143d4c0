"""Standard output and error that take every text: any character, and no command to who shows it."""

import codecs
import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, Final, TextIO

from mobile_ai.contracts.printable import printable, printable_lines

_HANDLER: Final = "mobile_ai.plain"
# What reports and tables are drawn with.
_PLAIN: Final = str.maketrans(
    {"─": "-", "━": "-", "│": "|", "█": "#", "░": ".", "→": "->", "…": "...", "≥": ">="}
)
_BOXES: Final = range(0x2500, 0x2580)
# Colours, and what a progress line is drawn again with (ECMA-48; `rich.control`).
_DRAWN: Final = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\x1b\[2?K|\x1b\[\d*A|\r(?!\n)")
_UNFINISHED: Final = re.compile(r"(?:[#:]+|^\s+)$")


class SafeStream:
    """Text stream that shows every line through `printable_lines`, whoever writes it.

    What may still become a workflow command waits for the rest of its line.

    Attributes:
        rich_proxied_file: Where consoles of rich write, whose colours pass (`rich.console`).
    """

    def __init__(self, stream: TextIO) -> None:
        """Wrap a stream."""
        self._stream = stream
        self._lock = RLock()
        self._held = ""
        self._is_drawn = False
        self._is_begun = False
        self.rich_proxied_file = _Drawing(self)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the stream, such as its encoding."""
        return getattr(self._stream, name)

    def write(self, text: str, *, drawn: bool = False) -> int:
        """Write a text; its last line is held until it ends or is flushed.

        Args:
            text: The text.
            drawn: Whether colours and the cursor movements of progress lines pass.
        """
        with self._lock:
            if drawn is not self._is_drawn:
                self._show(self._held)
                self._held, self._is_drawn = "", drawn
            *lines, self._held = (self._held + text).split("\n")
            for line in lines:
                self._show(line)
                self._stream.write("\n")
                self._is_begun = False
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Show what was written, but for what may be the beginning of a command."""
        with self._lock:
            found = _UNFINISHED.search(self._held)
            self._release(found.start() if found else len(self._held))

    def finish(self) -> None:
        """Show everything that was written."""
        with self._lock:
            self._release(len(self._held))

    def _release(self, count: int) -> None:
        shown, self._held = self._held[:count], self._held[count:]
        self._show(shown)
        self._stream.flush()

    def _show(self, line: str) -> None:
        at = 0
        for found in _DRAWN.finditer(line) if self._is_drawn else ():
            self._stream.write(self._safe(line[at : found.start()]) + found[0])
            at = found.end()
        self._stream.write(self._safe(line[at:]))

    def _safe(self, text: str) -> str:
        # Text that continues a line begins no command.
        shown = printable(text.expandtabs()) if self._is_begun else printable_lines(text)
        self._is_begun = self._is_begun or bool(text.strip())
        return shown


class _Drawing:
    """Face of a `SafeStream` for consoles of rich."""

    def __init__(self, stream: SafeStream) -> None:
        self._safe = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._safe, name)

    def write(self, text: str) -> int:
        return self._safe.write(text, drawn=True)


@contextmanager
def safe_output() -> Iterator[None]:
    r"""Show everything that is printed as text alone, whatever its encoding.

    A terminal or a CI runner may have the locale C. Lines and bars are drawn with ASCII; any other
    character becomes its escape ``\uXXXX``, which keeps JSON the same value.
    """
    codecs.register_error(_HANDLER, _plain)
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):  # a test may put another in its place
            stream.reconfigure(errors=_HANDLER)
    safe = tuple(map(SafeStream, before))
    sys.stdout, sys.stderr = safe
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for one in safe:
            one.finish()


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(map(_escaped, text)), error.end


def _escaped(character: str) -> str:
    if character.isascii():
        return character
    if ord(character) in _BOXES:
        return "+"
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
