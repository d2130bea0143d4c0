"""Reads and sets values at dotted property paths."""

from __future__ import annotations

from sandbox.providers.values import Properties, Value, plain

__all__ = ["get_path", "has_path", "set_path"]


def get_path(values: Properties, path: str) -> Value:
    """The value at a dotted path, None when something on the way is missing or not an object."""
    found: Value = values
    for key in path.split("."):
        found = plain(found)
        found = found.get(key) if isinstance(found, dict) else None
    return found


def has_path(values: Properties, path: str) -> bool:
    """Whether there is a value at a dotted path."""
    return get_path(values, path) is not None


def set_path(values: Properties, path: str, value: Value) -> Properties:
    """A copy with the value set; the same object when the parent is missing or not open to see.

    A parent that is unknown or secret stays so: its inside cannot be told apart any more.
    """
    head, _, rest = path.partition(".")
    if not rest:
        return {**values, head: value}
    child = values.get(head)
    if not isinstance(child, dict):
        return values
    return {**values, head: set_path(child, rest, value)}
