"""Edits of a single property of a resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mobile_ai.contracts.reading import MISSING, UNKNOWN, Secret
from mobile_ai.contracts.resource import Resource


def changed(resource: Resource, *path: str | int, to: Any) -> Resource:
    """Return the resource with another value at a path; missing mappings are created."""
    return replace(resource, props=_edit(resource.props, path, lambda _: to))


def without(resource: Resource, *path: str | int) -> Resource:
    """Return the resource without the property at a path."""
    return changed(resource, *path, to=MISSING)


def unknown(resource: Resource, *path: str | int) -> Resource:
    """Return the resource with the property unknown, as in a preview."""
    return changed(resource, *path, to=UNKNOWN)


def secret(resource: Resource, *path: str | int) -> Resource:
    """Return the resource with the property marked as a secret, its value unchanged."""
    return replace(resource, props=_edit(resource.props, path, Secret))


def _edit(value: Any, path: tuple[str | int, ...], edit: Callable[[Any], Any]) -> Any:
    if not path:
        return edit(value)
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        items = list(value)
        items[key] = _edit(items[key], rest, edit)
        return items
    fields = dict(value) if isinstance(value, Mapping) else {}
    result = _edit(fields.get(key), rest, edit)
    fields[key] = result
    if result is MISSING:
        del fields[key]
    return fields
