"""Converts properties to API arguments, according to botocore's model of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mobile_ai.sandbox.providers.aws.api.asset import content_of
from mobile_ai.sandbox.providers.values import Special

_PAIRS = (
    ("Key", "Value"),
    ("key", "value"),
    ("TagKey", "TagValue"),
    ("Name", "Value"),
    ("name", "value"),
)


def word(name: str) -> str:
    """Return a name without case, separators and plural, to match properties with members."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"(ies|y)$", "i", plain) if plain.endswith(("ies", "y")) else plain.rstrip("s")


def member_for(name: str, shape: Any) -> str | None:
    """Return the member of a structure that matches a property's name."""
    wanted = word(name)
    return next((member for member in shape.members if word(member) == wanted), None)


def argument(value: Any, shape: Any) -> Any:
    """Return a property's value as an argument of a shape, without unknown members."""
    match shape.type_name:
        case "structure":
            return _structure(value, shape)
        case "list":
            return _list(value, shape.member)
        case "map":
            return {key: argument(item, shape.value) for key, item in value.items()}
        case "blob":
            return _bytes(value)
        case kind:
            return _scalar(value, kind)


def tag_argument(tags: Mapping[str, str], shape: Any) -> Any:
    """Return tags as an argument: a map, a list of pairs, or a structure around a list."""
    return argument(dict(tags), shape)


def _structure(value: Any, shape: Any) -> Any:
    members = shape.members
    worded = isinstance(value, dict) and word("Items") in map(word, value)
    listed = "Items" in members and not worded
    if listed and (isinstance(value, list) or "Quantity" not in members):
        items = _list(value, members["Items"].member)
        return {"Items": items} | ({"Quantity": len(items)} if "Quantity" in members else {})
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        raise TypeError(f"{shape.name} takes an object")
    found = {
        member: argument(item, members[member])
        for key, item in value.items()
        if item is not None and (member := member_for(key, shape)) is not None
    }
    if "Quantity" in members and "Items" in found:
        found["Quantity"] = len(found["Items"])
    return found


def _list(value: Any, inner: Any) -> list[Any]:
    if isinstance(value, dict) and (pair := _pair_of(inner)):
        return [
            {pair[0]: key, pair[1]: argument(item, inner.members[pair[1]])}
            for key, item in value.items()
        ]
    items = value if isinstance(value, list) else [value]
    return [argument(item, inner) for item in items]


def _pair_of(shape: Any) -> tuple[str, str] | None:
    if shape.type_name != "structure":
        return None
    return pair_of(shape.members)


def pair_of(members: Iterable[str]) -> tuple[str, str] | None:
    """Return the members that make a list of objects a map, such as ``Key`` and ``Value``."""
    found = frozenset(members)
    return next((pair for pair in _PAIRS if found.issuperset(pair)), None)


def _bytes(value: Any) -> bytes:
    if isinstance(value, Special):
        return content_of(value)
    return value if isinstance(value, bytes) else str(value).encode()


def _scalar(value: Any, kind: str) -> Any:
    match kind:
        case "integer" | "long":
            return int(float(value))
        case "float" | "double":
            return float(value)
        case "boolean":
            return value in {True, "true", "True"}
        case "string":
            return _text(value)
        case _:
            return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
