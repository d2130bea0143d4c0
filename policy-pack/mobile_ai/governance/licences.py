"""Judges a stated licence against allowed ones: an SPDX id, an SPDX expression, or a name.

Of alternatives (``OR``) one must be allowed, of conjunctions (``AND``) each. An exception
(``GPL-2.0-only WITH Classpath-exception-2.0``) is allowed as it is listed. Ids compare without
case (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_TOKEN: Final = re.compile(r"[()]|[^\s()]+")
_LONGEST: Final = 1_000


class _NoExpressionError(Exception):
    pass


def is_allowed(stated: str, allowed: Collection[str]) -> bool:
    """Return whether a stated licence is allowed."""
    listed = {item.casefold() for item in allowed}
    if stated.casefold() in listed:
        return True
    tokens = _TOKEN.findall(stated[:_LONGEST]) if len(stated) <= _LONGEST else []
    try:
        found = _any(tokens, listed)
    except (_NoExpressionError, RecursionError):
        return False
    return found and not tokens


def _any(tokens: list[str], listed: Collection[str]) -> bool:
    found = _all(tokens, listed)
    while tokens[:1] == ["OR"]:
        del tokens[0]
        found |= _all(tokens, listed)
    return found


def _all(tokens: list[str], listed: Collection[str]) -> bool:
    found = _one(tokens, listed)
    while tokens[:1] == ["AND"]:
        del tokens[0]
        found &= _one(tokens, listed)
    return found


def _one(tokens: list[str], listed: Collection[str]) -> bool:
    if not tokens or tokens[0] in {")", "AND", "OR", "WITH"}:
        raise _NoExpressionError
    name = tokens.pop(0)
    if name == "(":
        found = _any(tokens, listed)
        if tokens[:1] != [")"]:
            raise _NoExpressionError
        del tokens[0]
        return found
    if tokens[:1] == ["WITH"]:
        name = " ".join([name, *tokens[:2]])
        del tokens[:2]
    return name.casefold() in listed
