"""Reads and sets values at dotted property paths."""

from __future__ import annotations

from mobile_ai.sandbox.providers.values import Properties, Value, plain


def get_path(values: Properties, path: str) -> Value:
    """Return the value at a dotted path, None if a parent is missing or not an object."""
    found: Value = values
    for key in path.split("."):
        found = plain(found)
        found = found.get(key) if isinstance(found, dict) else None
    return found


def has_path(values: Properties, path: str) -> bool:
    """Return whether there is a value at a dotted path."""
    return get_path(values, path) is not None


def set_path(values: Properties, path: str, value: Value) -> Properties:
    """Return a copy with the value set; the same object if the parent is missing or opaque.

    An unknown or secret parent is kept, as its contents are not accessible.
    """
    head, _, rest = path.partition(".")
    if not rest:
        return {**values, head: value}
    child = values.get(head)
    if not isinstance(child, dict):
        return values
    return {**values, head: set_path(child, rest, value)}
