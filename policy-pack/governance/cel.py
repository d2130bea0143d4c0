"""Expressions of the Common Expression Language, put together from paths and tests.

A path whose middle is missing is an error in CEL, so every read is guarded step by step.
https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["has", "if_any", "matches", "needs", "one_of", "quoted"]


def quoted(text: str) -> str:
    """Return a string literal.

    Raises:
        ValueError: If the text needs escapes, which nothing here has a use for.
    """
    if "'" in text or "\\" in text or "\n" in text:
        raise ValueError(f"{text!r}: expected text that needs no escape in CEL")
    return f"'{text}'"


def has(root: str, *keys: str) -> str:
    """Return the expression that is true when there is something at a path below a value."""
    paths = (".".join((root, *keys[: depth + 1])) for depth in range(len(keys)))
    return " && ".join(f"has({path})" for path in paths)


def needs(root: str, *keys: str, test: str) -> str:
    """Return that a path is there and passes a test, such as ``== true``."""
    return f"({has(root, *keys)} && {'.'.join((root, *keys))}{test})"


def if_any(root: str, *keys: str, test: str) -> str:
    """Return that a path is not there, or passes a test."""
    return f"(!({has(root, *keys)}) || {'.'.join((root, *keys))}{test})"


def one_of(values: Iterable[str]) -> str:
    """Return the test for one of some texts."""
    return f" in [{', '.join(map(quoted, values))}]"


def matches(pattern: str) -> str:
    """Return the test for text that a pattern (RE2) fits from start to end."""
    return f".matches({quoted(f'^{pattern}$')})"
