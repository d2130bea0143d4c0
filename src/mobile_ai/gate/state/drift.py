"""Detects drift: compares the exported states before and after a refresh.

Only inputs are compared, since they are what the program declares. Outputs also change when another
resource of the stack is created later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mobile_ai.contracts.engine_values import SIGNATURE
from mobile_ai.gate.state.baseline import exported_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One resource that differs from the last `up`.

    Attributes:
        urn: The resource.
        properties: Names of the changed inputs; empty if the resource was deleted.
    """

    urn: str
    properties: tuple[str, ...] = ()


def changed_outside(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Drift, ...]:
    """Return the drift between two exported states, in the order of the first.

    Values are omitted, as they may be secrets.
    """
    now = _by_urn(after)
    return tuple(
        Drift(urn=urn, properties=properties)
        for urn, old in _by_urn(before).items()
        if (properties := tuple(_differing(old, now.get(urn, {})))) or urn not in now
    )


def _by_urn(export: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(item["urn"]): item for item in exported_rows(export) if not item.get("delete")}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if not new:
        return
    was, now = old.get("inputs") or {}, new.get("inputs") or {}
    for name in sorted({*was, *now}):
        if not name.startswith("__") and _content(was.get(name)) != _content(now.get(name)):
            yield name


def _content(value: Any) -> Any:
    """Return a value with each asset reduced to its content hash, without its path."""
    if isinstance(value, Mapping):
        if SIGNATURE in value and "hash" in value:  # the hash of an asset is its content
            return value["hash"]
        return {key: _content(item) for key, item in value.items()}
    return [_content(item) for item in value] if isinstance(value, list) else value
