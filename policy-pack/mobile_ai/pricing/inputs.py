"""Reads inputs of resources for pricing; unknown values raise `UnknownInputError`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mobile_ai.contracts.reading import UNKNOWN, Secret
from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing.errors import UnknownInputError
from mobile_ai.pricing.money import decimal_of

__all__ = ["amount", "flag", "items", "mappings", "memory_gb", "opened", "text", "value"]

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_GB = Decimal(2**30)


def value(props: Mapping[str, Any], *path: str) -> Any:
    """Return the value at a path, ``None`` if it is missing.

    Raises:
        UnknownInputError: If it or a parent is unknown.
    """
    found: Any = props
    for key in path:
        found = _opened(found.get(key)) if isinstance(found, Mapping) else None
        if found is UNKNOWN:
            raise UnknownInputError(".".join(path))
    return found


def amount(props: Mapping[str, Any], *path: str, default: int | str = 0) -> Decimal:
    """Return the number at a path, or a default if it is missing.

    Raises:
        UnknownInputError: If it is unknown.
        CostError: If it is not a number in range.
    """
    found = value(props, *path)
    return decimal_of(default if found is None else found, what=".".join(path))


def text(props: Mapping[str, Any], *path: str, default: str = "") -> str:
    """Return the text at a path, or a default if it is missing."""
    found = value(props, *path)
    return found if isinstance(found, str) else default


def flag(props: Mapping[str, Any], *path: str) -> bool:
    """Return whether the value at a path is ``true``."""
    return value(props, *path) is True


def items(props: Mapping[str, Any], *path: str) -> list[Any]:
    """Return the list at a path, empty if it is missing; entries may be unknown."""
    found = value(props, *path)
    if isinstance(found, Sequence) and not isinstance(found, str):
        return [_opened(item) for item in found]
    return []


def mappings(props: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """Return the mappings of the list at a path; other entries are skipped (other rules deny them).

    Raises:
        UnknownInputError: If the list or an entry is unknown.
    """
    found = items(props, *path)
    if any(item is UNKNOWN for item in found):
        raise UnknownInputError(".".join(path))
    return [item for item in found if isinstance(item, Mapping)]


def memory_gb(quantity: str) -> Decimal:
    """Return a Kubernetes quantity of bytes in GiB, such as ``512Mi``."""
    for suffix, factor in {**_BINARY, **_DECIMAL}.items():
        if quantity.endswith(suffix):
            return decimal_of(quantity.removesuffix(suffix), what=quantity) * factor / _GB
    return decimal_of(quantity, what="memory") / _GB


def opened(resource: Resource, hidden: set[str]) -> Resource:
    """Return a resource with its secret values unwrapped.

    Args:
        resource: The resource.
        hidden: Receives every text that was secret, so that messages can redact it.
    """
    props = _all_opened(resource.props, hidden, secret=False)
    return resource if props is resource.props else replace(resource, props=props)


def _all_opened(found: Any, hidden: set[str], *, secret: bool) -> Any:
    while isinstance(found, Secret):
        found, secret = found.value, True
    if isinstance(found, str):
        if secret:
            hidden.add(found)
        return found
    if isinstance(found, Mapping):
        mapping = {key: _all_opened(item, hidden, secret=secret) for key, item in found.items()}
        return mapping if any(mapping[key] is not found[key] for key in mapping) else found
    if isinstance(found, Sequence):
        items = [_all_opened(item, hidden, secret=secret) for item in found]
        return items if any(a is not b for a, b in zip(items, found, strict=True)) else found
    return found


def _opened(found: Any) -> Any:
    while isinstance(found, Secret):
        found = found.value
    return found
