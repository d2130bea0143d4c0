"""What a refresh found changed outside of Git: the state before and after it, side by side.

Only inputs count, which are what the program says. Outputs also change because another resource of
the stack was made after this one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.engine_values import SIGNATURE

__all__ = ["Drift", "changed_outside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One resource that is not as the last `up` left it.

    Attributes:
        urn: The resource.
        properties: What differs; empty when the resource is gone.
    """

    urn: str
    properties: tuple[str, ...] = ()


def changed_outside(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Drift, ...]:
    """Return what differs between two exported states, in the order of the first.

    Values are not told: they may be secrets.
    """
    now = _by_urn(after)
    return tuple(
        Drift(urn=urn, properties=properties)
        for urn, old in _by_urn(before).items()
        if (properties := tuple(_differing(old, now.get(urn, {})))) or urn not in now
    )


def _by_urn(export: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    resources = (export.get("deployment") or {}).get("resources") or ()
    return {str(item["urn"]): item for item in resources if not item.get("delete")}


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if not new:
        return
    was, now = old.get("inputs") or {}, new.get("inputs") or {}
    for name in sorted({*was, *now}):
        if not name.startswith("__") and _content(was.get(name)) != _content(now.get(name)):
            yield name


def _content(value: Any) -> Any:
    """A value without the parts of an asset that only say where its bytes were read."""
    if isinstance(value, Mapping):
        if SIGNATURE in value and "hash" in value:  # the hash of an asset is its content
            return value["hash"]
        return {key: _content(item) for key, item in value.items()}
    return [_content(item) for item in value] if isinstance(value, list) else value
