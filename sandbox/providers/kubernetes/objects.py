"""Kubernetes objects as property values and as JSON, and how one differs from another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final, TypeAlias

from sandbox.providers.errors import ProviderError
from sandbox.providers.values import Properties, Secret, Special, Unknown, Value, plain

__all__ = ["Json", "as_inputs", "drifted", "outputs_of", "to_object"]

Json: TypeAlias = Any
_SERVER_METADATA: Final = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def to_object(inputs: Properties) -> dict[str, Json]:
    """The JSON to apply: no secrets' wrappers, no marks of the engine, whole numbers whole.

    Raises:
        ProviderError: A value is an asset, or not known yet.
    """
    return {
        key: _json(value, key)
        for key, value in inputs.items()
        if not key.startswith("__") and value is not None
    }


def outputs_of(stored: Mapping[str, Json], inputs: Properties) -> Properties:
    """Properties of a stored object: what the inputs give as they give it, the rest as it is.

    The data of a Secret is secret whatever the inputs say.
    """
    shown = {key: value for key, value in stored.items() if key != "metadata"}
    shown["metadata"] = {
        key: value for key, value in stored["metadata"].items() if key != "managedFields"
    }
    if stored.get("kind") == "Secret" and "data" in shown:
        shown["data"] = Secret(shown["data"])
    merged = _overlaid(shown, inputs)
    return {key: value for key, value in merged.items() if not key.startswith("__")}


def drifted(
    recorded: Properties, *, expected: Mapping[str, Json], stored: Mapping[str, Json]
) -> Properties:
    """The inputs that would give the stored object; the recorded ones where nothing changed.

    Args:
        recorded: Inputs of the last operation.
        expected: What the server would store for them now, in its own notation.
        stored: What it stores.
    """
    result = _drifted(recorded, expected, stored)
    return result if isinstance(result, dict) else {}


def as_inputs(stored: Mapping[str, Json]) -> Properties:
    """Inputs for an object that no program has declared yet, for an import."""
    metadata = {
        key: value for key, value in stored["metadata"].items() if key not in _SERVER_METADATA
    }
    kept = {key: value for key, value in stored.items() if key != "status"}
    if stored.get("kind") == "Secret" and "data" in kept:
        kept["data"] = Secret(kept["data"])
    return {**kept, "metadata": metadata}


def _json(value: Value, path: str) -> Json:
    match plain(value):
        case dict() as items:
            return {
                key: _json(item, f"{path}.{key}") for key, item in items.items() if item is not None
            }
        case list() as items:
            return [_json(item, f"{path}[]") for item in items]
        case float() as number if number.is_integer():
            return int(number)  # protobuf has no integers
        case Special() | Unknown():
            raise ProviderError(
                f"`{path}` cannot be part of a Kubernetes object: got an asset, a reference or an "
                "unknown value, expected JSON"
            )
        case other:
            return other


def _overlaid(stored: Mapping[str, Value], given: Mapping[str, Value]) -> Properties:
    return {**stored, **{key: _merged(stored.get(key), item) for key, item in given.items()}}


def _merged(stored: Value, given: Value) -> Value:
    if isinstance(given, dict) and isinstance(stored, dict):
        return _overlaid(stored, given)
    if isinstance(given, list) and isinstance(stored, list) and len(given) == len(stored):
        return [_merged(one, item) for one, item in zip(stored, given, strict=True)]
    return given


def _drifted(recorded: Value, expected: Json, stored: Json) -> Value:
    if expected == stored:
        return recorded
    if isinstance(recorded, Secret):
        return Secret(_drifted(recorded.value, expected, stored))
    if isinstance(recorded, dict) and isinstance(stored, dict) and isinstance(expected, dict):
        return {
            key: changed
            for key, item in recorded.items()
            if (changed := _drifted(item, expected.get(key), stored.get(key))) is not None
        }
    if isinstance(recorded, list) and isinstance(stored, list) and isinstance(expected, list):
        if len(recorded) == len(stored) == len(expected):
            triples = zip_longest(recorded, expected, stored)
            return [_drifted(*triple) for triple in triples]
        return list(stored)
    return _value(stored)


def _value(stored: Json) -> Value:
    result: Value = stored
    return result
