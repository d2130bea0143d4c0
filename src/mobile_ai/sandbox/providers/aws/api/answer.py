"""Converts API responses to properties, and compares them with the state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mobile_ai.sandbox.providers.aws.api.arguments import word
from mobile_ai.sandbox.providers.spec import Fields, Shape
from mobile_ai.sandbox.providers.values import SecretValue, Value

_PAIRS = (
    ("Key", "Value"),
    ("key", "value"),
    ("TagKey", "TagValue"),
    ("Name", "Value"),
    ("name", "value"),
)


def projected(live: Any, shape: Shape, objects: Mapping[str, Fields]) -> Any:
    """Return a part of a response in the form of an SDK shape; None if it is missing."""
    if live is None or shape is None:  # the SDK does not describe the output's structure
        return live
    kind: str = shape if isinstance(shape, str) else shape[0]
    inner: Any = None if isinstance(shape, str) else shape[1]
    if kind == "one":
        found = (projected(live, item, objects) for item in inner)
        return next((item for item in found if item is not None), None)
    if kind == "list":
        return [projected(item, inner, objects) for item in _items(live)]
    if kind == "map":
        return {key: projected(item, inner, objects) for key, item in pairs(live).items()}
    if kind == "object":
        return _object(live, objects[inner], objects)
    return _scalar(live, kind)


def pairs(live: Any) -> dict[str, Any]:
    """Return a map, from a map or a list of key-value pairs."""
    if isinstance(live, Mapping):
        if "Items" in live:
            return pairs(live["Items"])
        return dict(live)
    found = {}
    for item in live:
        names = next(pair for pair in _PAIRS if pair[0] in item)
        found[item[names[0]]] = item.get(names[1], "")
    return found


def same(recorded: Any, live: Any) -> bool:
    """Return whether a live value agrees with a recorded one.

    Keys missing from the record may have any value, and the order of lists is ignored.
    """
    recorded, live = _plain(recorded), _plain(live)
    if _empty(recorded) and _empty(live):
        return True
    if isinstance(recorded, dict):
        return isinstance(live, dict) and all(
            same(item, live.get(key)) for key, item in recorded.items()
        )
    if isinstance(recorded, list):
        return isinstance(live, list) and len(recorded) == len(live) and _matched(recorded, live)
    return bool(recorded == live)


def narrowed(live: Any, recorded: Value, *, whole: bool) -> Value:
    """Return the live value, reduced to the extent of the recorded one.

    Args:
        live: A projected value.
        recorded: The recorded one.
        whole: Compare all keys (tags and other maps) instead of recorded ones only.
    """
    if isinstance(recorded, SecretValue):
        inside = narrowed(live, recorded.value, whole=whole)
        return recorded if inside is recorded.value else SecretValue(inside)
    if same(recorded, live) and not (whole and _more(live, recorded)):
        return recorded
    if isinstance(recorded, dict) and isinstance(live, dict) and not whole:
        found = {key: narrowed(live.get(key), item, whole=False) for key, item in recorded.items()}
        return {key: item for key, item in found.items() if item is not None}
    if isinstance(recorded, list) and isinstance(live, list) and len(recorded) == len(live):
        return [narrowed(new, old, whole=whole) for new, old in zip(live, recorded, strict=True)]
    result: Value = live
    return result


def _more(live: Any, recorded: Any) -> bool:
    return isinstance(live, dict) and isinstance(recorded, dict) and bool(live.keys() - recorded)


def _items(live: Any) -> Iterable[Any]:
    if isinstance(live, Mapping):
        items: Iterable[Any] = live.get("Items", [live])
        return items
    return live if isinstance(live, list | tuple) else [live]


def _object(live: Any, fields: Fields, objects: Mapping[str, Fields]) -> Any:
    if isinstance(live, list):
        live = live[0] if live else {}
    if not isinstance(live, Mapping):
        return None
    by_word = {word(key): item for key, item in live.items()}
    found = {
        name: projected(by_word[word(name)], entry[0], objects)
        for name, entry in fields.items()
        if word(name) in by_word
    }
    return {name: item for name, item in found.items() if item is not None}


def _scalar(live: Any, kind: str) -> Any:
    if kind in {"number", "integer"}:
        return float(live)
    if kind == "boolean":
        return live in {True, "true", "True"}
    if kind == "string":
        return _text(live)
    return live


def _text(live: Any) -> Any:
    if isinstance(live, bool):
        return str(live).lower()
    if isinstance(live, int | float):
        return str(int(live)) if float(live).is_integer() else str(live)
    if isinstance(live, dict | list):
        return json.dumps(live, sort_keys=True, default=str)
    return live.decode() if isinstance(live, bytes) else str(live)


def _plain(value: Any) -> Any:
    """Return a value normalised for comparison: parsed JSON, numbers as floats."""
    if isinstance(value, SecretValue):
        return _plain(value.value)
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_empty(item) for item in value.values())
    return value is None or value is False or value in ("", [])


def _matched(recorded: list[Any], live: list[Any]) -> bool:
    left = list(live)
    for item in recorded:
        found = next((at for at, other in enumerate(left) if same(item, other)), None)
        if found is None:
            return False
        del left[found]
    return True
