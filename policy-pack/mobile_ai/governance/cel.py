"""Builds expressions of the Common Expression Language (CEL) from paths and tests.

Selecting a field of a missing field is an evaluation error in CEL, so that every step of a path is
guarded by ``has``.
https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

from collections.abc import Iterable


def quoted(text: str) -> str:
    """Return a CEL string literal.

    Raises:
        ValueError: If the text would need escapes, which are not supported.
    """
    if "'" in text or "\\" in text or "\n" in text:
        raise ValueError(f"{text!r}: expected text that needs no escape in CEL")
    return f"'{text}'"


def has(root: str, *keys: str) -> str:
    """Return the expression that is true when a path below a value exists."""
    paths = (".".join((root, *keys[: depth + 1])) for depth in range(len(keys)))
    return " && ".join(f"has({path})" for path in paths)


def needs(root: str, *keys: str, test: str) -> str:
    """Return the expression that a path exists and passes a test, such as ``== true``."""
    return f"({has(root, *keys)} && {'.'.join((root, *keys))}{test})"


def if_any(root: str, *keys: str, test: str) -> str:
    """Return the expression that a path is missing or passes a test."""
    return f"(!({has(root, *keys)}) || {'.'.join((root, *keys))}{test})"


def cel_one_of(values: Iterable[str]) -> str:
    """Return the test that a value is one of some strings."""
    return f" in [{', '.join(map(quoted, values))}]"


def matches(pattern: str) -> str:
    """Return the test that a string matches a pattern (RE2 syntax) as a whole."""
    return f".matches({quoted(f'^{pattern}$')})"
