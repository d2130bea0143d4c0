"""Standard output that takes every character, whatever its encoding."""

import codecs
import io
import sys
from typing import Final

_HANDLER: Final = "mobile_ai.plain"
# What reports and tables are drawn with.
_PLAIN: Final = str.maketrans(
    {"─": "-", "━": "-", "│": "|", "█": "#", "░": ".", "→": "->", "…": "...", "≥": ">="}
)
_BOXES: Final = range(0x2500, 0x2580)


def take_every_character() -> None:
    r"""Write what the encoding of standard output and error lacks in ASCII, instead of failing.

    A terminal or a CI runner may have the locale C. Lines and bars are drawn with ASCII; any other
    character becomes its escape ``\uXXXX``, which keeps JSON the same value.
    """
    codecs.register_error(_HANDLER, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test may put another in its place
            stream.reconfigure(errors=_HANDLER)


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
