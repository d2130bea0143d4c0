"""Resources of a recorded plan: the engine's event stream, one JSON object a line.

The gate puts a line before the stream that says which stack file was previewed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mobile_ai.contracts.exported import read_event, resources_of
from mobile_ai.contracts.printable import printable
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.pricing.errors import CostError

_ORIGIN: Final = "recordedPlan"

# What the engine says of a preview in which rules denied something.
_DENIED: Final = "preview failed"
_DELETING: Final = frozenset({"delete", "delete-replaced", "discard"})


def origin_line(name: str, text: str) -> str:
    """Return the line that names the stack file of a plan, by the digest of its text."""
    origin = {"stackFile": name, "sha256": _digest(text)}
    return json.dumps({_ORIGIN: origin}) + "\n"


def require_current(lines: Iterable[str], text: str, *, name: str, stack: str) -> None:
    """Refuse a plan that was recorded for another text of the stack file.

    Args:
        lines: The recorded plan.
        text: The stack file as it is now.
        name: Its name.
        stack: The stack.

    Raises:
        CostError: If the file has changed since, or the plan does not say what it was made from.
    """
    origin = _origin(next(iter(lines), ""))
    if origin.get("sha256") == _digest(text):
        return
    before = str(origin.get("sha256", ""))[:12]
    raise CostError(
        f"recorded plan of stack {stack!r}",
        got=f"a plan of another {name} (sha256 {before})"
        if before
        else "a plan without the digest of its stack file",
        expected=f"one of {name} as it is now (sha256 {_digest(text)[:12]})",
        next_step=f"run `mobile-ai gate --stack {stack}`",
    )


def _origin(line: str) -> Mapping[str, Any]:
    try:
        kind, body = read_event(line)
    except ValueError:
        return {}
    return body if kind == _ORIGIN and isinstance(body, Mapping) else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def resources_of_events(lines: Iterable[str], *, deleted: bool = False) -> list[Resource]:
    """Return the resources that a preview plans, in order.

    Args:
        lines: The event stream, one JSON object per line.
        deleted: Whether to include resources that the preview deletes, with their old inputs.

    Raises:
        CostError: If no resource was planned, which would be estimated as 0, or if the preview
            failed, so that the plan may lack resources.
    """
    return resources_of_steps(_steps(lines), deleted=deleted)


def resources_of_steps(
    steps: Iterable[Mapping[str, Any]], *, deleted: bool = False
) -> list[Resource]:
    """Return the resources that a preview's steps plan; see `resources_of_events`."""
    found: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        if step["op"] not in _DELETING and step.get("new"):
            found[step["urn"]] = step["new"]
        elif deleted and step.get("old"):
            found.setdefault(step["urn"], step["old"])
    if not found:
        raise CostError(
            "recorded plan",
            got="no planned resource",
            expected="the event stream of a preview",
            next_step="run `mobile-ai gate --stack <stack>` first",
        )
    return resources_of(found.values(), "inputs")


def _steps(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        try:
            kind, body = read_event(line)
            step = body["metadata"] if kind == "resourcePreEvent" else None
        except (ValueError, KeyError, TypeError):
            continue  # a line that is no event, or no step
        if kind == "diagnosticEvent":
            _require_whole(body)
        if step is not None:
            yield step


def _require_whole(diagnostic: Mapping[str, Any]) -> None:
    """Refuse the plan of a preview that ended early; a denied one planned everything."""
    message = str(diagnostic.get("message") or "").strip()
    if diagnostic.get("severity") == "error" and message != _DENIED:
        raise CostError(
            "recorded plan",
            got=f"a preview that failed: {printable(message.splitlines()[0] if message else '')}",
            expected="a preview that planned every resource",
            next_step="correct it and run `mobile-ai gate --stack <stack>` again",
        )


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
                next_step="name a deployment of the stack (`mobile-ai cost estimate` lists them)",
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
