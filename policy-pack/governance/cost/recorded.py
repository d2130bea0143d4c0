"""Reads the resources of a recorded plan (engine event stream, JSON Lines) or exported state.

The engine encodes unknown values as seven constants, one per type (Pulumi Python SDK,
``runtime/rpc.py``); they are decoded as ``UNKNOWN``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from governance.reading import UNKNOWN
from governance.resource import Provider, Resource
from governance.tokens import DEPLOYMENT

from .errors import CostError

__all__ = [
    "changed_usage",
    "known_value",
    "resources_of_events",
    "resources_of_export",
]

_DELETING: Final = frozenset({"delete", "delete-replaced", "discard"})
_UNKNOWN: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def resources_of_events(lines: Iterable[str], *, deleted: bool = False) -> list[Resource]:
    """Return the resources that a preview plans, in order.

    Args:
        lines: The event stream, one JSON object per line.
        deleted: Whether to include resources that the preview deletes, with their old inputs.

    Raises:
        CostError: If no resource was planned, which would be estimated as 0.
    """
    steps: dict[str, dict[str, Any]] = {}
    for line in lines:
        try:
            step = json.loads(line)["resourcePreEvent"]["metadata"]
        except (ValueError, KeyError, TypeError):
            continue  # another kind of event, or a line that is not JSON
        if step["op"] not in _DELETING and step.get("new"):
            steps[step["urn"]] = step["new"]
        elif deleted and step.get("old"):
            steps.setdefault(step["urn"], step["old"])
    if not steps:
        raise CostError(
            "recorded plan",
            got="no planned resource",
            expected="the event stream of a preview",
            next_step="run `mobile-ai gate --stack <stack>` first",
        )
    return [_resource(urn, step, steps) for urn, step in steps.items()]


def resources_of_export(export: Mapping[str, Any]) -> list[Resource]:
    """Return the resources of a deployed state (`pulumi stack export`), to price what runs now.

    An empty state has none: a stack that was never deployed has no cost.
    """
    rows = (export.get("deployment") or {}).get("resources") or []
    steps = {item["urn"]: item for item in rows if not item.get("delete")}
    return [_resource(urn, step, steps) for urn, step in steps.items()]


def known_value(value: Any) -> Any:
    """Return an engine value with the constants for unknown values replaced by ``UNKNOWN``."""
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN else value
    if isinstance(value, dict):
        return {key: known_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [known_value(item) for item in value]
    return value


def changed_usage(resources: Sequence[Resource], values: Mapping[str, str]) -> list[Resource]:
    """Return the resources with changed usage; keys are ``<deployment>.<usage key>``.

    Raises:
        CostError: If there is no such deployment.
    """
    names = {item.name for item in resources if item.type == DEPLOYMENT}
    for key in values:
        if key.rpartition(".")[0] not in names:
            raise CostError(
                f"what-if {key!r}",
                got=f"deployment {key.rpartition('.')[0]!r}",
                expected=f"one of {sorted(names)}",
                next_step="name a deployment of the stack",
            )
    return [_with_usage(item, values) if item.type == DEPLOYMENT else item for item in resources]


def _with_usage(deployment: Resource, values: Mapping[str, str]) -> Resource:
    mine = {
        key.rpartition(".")[2]: value
        for key, value in values.items()
        if key.rpartition(".")[0] == deployment.name
    }
    if not mine:
        return deployment
    spec = dict(deployment.props["spec"])
    spec["usage"] = {**spec.get("usage", {}), **mine}
    return replace(deployment, props={**deployment.props, "spec": spec})


def _resource(urn: str, step: dict[str, Any], steps: Mapping[str, dict[str, Any]]) -> Resource:
    reference = str(step.get("provider") or "").rpartition("::")[0]
    provider = steps.get(reference)
    return Resource(
        type=step["type"],
        name=urn.rpartition("::")[2],
        urn=urn,
        props=known_value(step.get("inputs") or {}),
        parent=step.get("parent") or None,
        provider=None
        if provider is None
        else Provider(
            type=provider["type"],
            name=reference.rpartition("::")[2],
            props=_provider_props(provider.get("inputs") or {}),
        ),
    )


def _provider_props(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a provider's inputs; the engine stores those that are not strings as JSON text."""
    props: dict[str, Any] = {}
    for key, value in known_value(dict(inputs)).items():
        try:
            props[key] = (
                json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value
            )
        except ValueError:
            props[key] = value
    return props
