"""Translates the Java patterns of AWS's API models for Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

_SURROGATES: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}-?\\u[dD][c-fC-F][0-9a-fA-F]{2}-?")
_CLASSES: Final = {
    r"\p{Graph}": r"\x21-\x7E",
    r"\p{Print}": r"\x20-\x7E",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\p{Alpha}": "A-Za-z",
    r"\p{ASCII}": r"\x00-\x7F",
    r"\p{Space}": r"\s",
}


@cache
def compiled(pattern: str) -> Callable[[str], object] | None:
    """Return a matcher for a pattern; None if it is not supported.

    A pattern without anchors must match the whole text, as services use Java's `matches`.
    """
    import regex  # noqa: PLC0415

    text = pattern
    for name, characters in _CLASSES.items():
        text = text.replace(name, characters)
    text = _SURROGATES.sub("\\\\U00010000-\\\\U0010FFFF", text)
    try:
        found = regex.compile(text, regex.DOTALL | regex.VERSION0)
    except regex.error:
        return None
    anchored = pattern.startswith("^") or pattern.endswith("$")
    matcher: Callable[[str], object] = found.search if anchored else found.fullmatch
    return matcher
