"""Detects drift: compares the exported states before and after a refresh.

Only inputs are compared, since they are what the program declares. Outputs also change when another
resource of the stack is created later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mobile_ai.contracts.engine_values import SIGNATURE
from mobile_ai.gate.state.baseline import exported_rows

__all__ = ["Drift", "changed_outside", "not_refreshed"]

_KUBERNETES: Final = "pulumi:providers:kubernetes"
_RENDERED: Final = "renderYamlToDirectory"


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


def not_refreshed(export: Mapping[str, Any]) -> list[str]:
    """Return engine arguments that exclude objects rendered to files from a refresh.

    The provider reads a rendered object from a cluster or fails, and with a cluster it repeats the
    state, so a refresh cannot find drift (`Read` in provider.go of pulumi-kubernetes).

    Args:
        export: The exported state.
    """
    rows = exported_rows(export)
    renders = {
        f"{row['urn']}::{row['id']}"
        for row in rows
        if row["type"] == _KUBERNETES and (row.get("inputs") or {}).get(_RENDERED)
    }
    return [f"--exclude={row['urn']}" for row in rows if row.get("provider") in renders]


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
