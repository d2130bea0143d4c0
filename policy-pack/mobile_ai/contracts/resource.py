"""A resource as rules see it: plain values, wherever they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mobile_ai.contracts.reading import Secret

PROVIDERS: Final = "pulumi:providers:"
"""Beginning of the type of every provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReference:
    """The provider that a resource is created through, and its own properties."""

    type: str
    name: str
    props: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a plan or of a deployed state.

    Attributes:
        type: Its token, such as ``aws:s3/bucket:Bucket``.
        name: Its logical name.
        urn: Its URN; the stack's name is read from it.
        props: Inputs (one at a time) or outputs (the whole stack); keys are camelCase;
            values are JSON values, ``UNKNOWN`` or ``Secret``.
        provider: The provider, when the engine tells it.
        parent: URN of the parent.
        dependencies: By property, the URNs that its value comes from; empty where the source
            carries none (a request for one resource, an event).
        protect: Whether the engine refuses to delete it.
    """

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    provider: ProviderReference | None = None
    parent: str | None = None
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False


def stack_of(urn: str) -> str:
    """Return the stack's name in a URN, empty when there is none.

    A URN is ``urn:pulumi:<stack>::<project>::<types>::<name>``.
    """
    head, separator, _ = urn.partition("::")
    return head.removeprefix("urn:pulumi:") if separator and head.startswith("urn:pulumi:") else ""


def name_of(urn: str) -> str:
    """Return the logical name in a URN; it may hold the URN's separator itself.

    >>> name_of("urn:pulumi:dev::mobile-ai::aws:sqs/queue:Queue::a::b")
    'a::b'
    """
    return urn.split("::", 3)[-1]


def provider_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return a provider's own properties; SDKs send its lists and mappings as JSON text."""
    return {key: _opened(value) for key, value in props.items()}


def _opened(value: Any) -> Any:
    if isinstance(value, Secret):
        return Secret(_opened(value.value))
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # text that only looks like JSON: a rule that wants a mapping says so
