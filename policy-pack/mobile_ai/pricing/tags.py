"""Cost tags of a resource: AWS tags and Kubernetes labels under common names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.contracts.resource import Resource

__all__ = ["tags_of"]

_PREFIXES: Final = ("mobile-ai:", "mobile-ai.dev/")


def tags_of(resource: Resource) -> dict[str, str]:
    """Return the cost tags by name without prefix, including the provider's default tags."""
    provider = resource.provider.props if resource.provider else {}
    found: dict[str, str] = {}
    for tags in (
        _mapping(_mapping(provider.get("defaultTags")).get("tags")),
        _mapping(resource.props.get("tagsAll")),
        _mapping(resource.props.get("tags")),
        _mapping(_mapping(resource.props.get("metadata")).get("labels")),
    ):
        for key, value in tags.items():
            for prefix in _PREFIXES:
                if key.startswith(prefix) and isinstance(value, str):
                    found[key.removeprefix(prefix)] = value
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
