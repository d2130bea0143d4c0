"""Compares old and new inputs: changes, and those that force a replacement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, Literal

from mobile_ai.sandbox.providers.values import Properties, Unknown, Value, plain

_INDEX: Final = re.compile(r"\[\d+\]")
_PLAIN_KEY: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_-]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed location.

    Attributes:
        path: Property path, such as ``spec.ports[0].port``.
        kind: Kind of change.
        old: Value before, None when added.
        new: Value after, None when deleted.
    """

    path: str
    kind: Literal["ADD", "DELETE", "UPDATE"]
    old: Value
    new: Value


def compare(old: Properties, new: Properties, *, ignore: Iterable[str] = ()) -> list[Change]:
    """Return the changes at the deepest known paths; an unknown value counts as a change.

    Args:
        old: Inputs of the last operation.
        new: Desired inputs.
        ignore: Paths (``ignoreChanges``) whose changes are dropped, including nested ones.
    """
    ignored = tuple(ignore)
    return [
        change
        for change in _walk(old, new, "")
        if not any(_covers(entry, change.path) for entry in ignored)
    ]


def forces_replacement(change: Change, paths: Iterable[str]) -> bool:
    """Return whether a change affects a path that cannot be updated in place.

    A change below such a path counts, and so does adding, removing or an unknown value of an object
    that contains one.
    """
    place = _INDEX.sub("", change.path)
    return any(
        place == path
        or place.startswith((f"{path}.", f'{path}["'))
        or (path.startswith(f"{place}.") and _holds(change, path[len(place) + 1 :]))
        for path in paths
    )


def _walk(old: Value, new: Value, path: str) -> Iterator[Change]:
    old, new = plain(old), plain(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if not key.startswith("__"):
                yield from _walk(old.get(key), new.get(key), _join(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(zip_longest(old, new)):
            yield from _walk(before, after, f"{path}[{index}]")
    elif old is None and new is not None:
        yield Change(path=path, kind="ADD", old=None, new=new)
    elif new is None and old is not None:
        yield Change(path=path, kind="DELETE", old=old, new=None)
    elif old != new or isinstance(new, Unknown):
        yield Change(path=path, kind="UPDATE", old=old, new=new)


def _join(path: str, key: str) -> str:
    """Append a key in the engine's notation of property paths."""
    if not _PLAIN_KEY.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _covers(entry: str, path: str) -> bool:
    """Return whether an ``ignoreChanges`` entry (``[*]`` is any item) covers a path."""
    pattern = re.escape(entry).replace(r"\[\*\]", r"\[[^\]]*\]").replace(r"\.\*", r"\.[^.\[]*")
    return re.match(rf"{pattern}($|\.|\[)", path) is not None


def _holds(change: Change, rest: str) -> bool:
    return any(_has(side, rest.split(".")) for side in (change.old, change.new))


def _has(value: Value, keys: list[str]) -> bool:
    value = plain(value)
    if isinstance(value, Unknown):
        return True
    if isinstance(value, list):
        return any(_has(item, keys) for item in value)
    if not keys:
        return value is not None
    return isinstance(value, dict) and keys[0] in value and _has(value[keys[0]], keys[1:])
