"""A deployed stack on the happy path, as input of checks."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.state.baseline import DeployedPin
from mobile_ai.governance.facts import Facts
from mobile_ai.operations.audit.contract import Author, Check, DeployedStack, Found
from mobile_ai.testing import Scene

SCENE = Scene()
NAME = SCENE.deployment().name
PIN = DeployedPin(model="digits", version="1.1.0", sha256=SCENE.version.sha256)


def deployed(*, scene: Scene = SCENE, now: datetime | None = None, **changes: Any) -> DeployedStack:
    """Return a deployed state; outputs are the inputs, with the tags that the provider adds."""
    now = now or scene.now
    resources = tuple(changes.pop("resources", scene.resources()))
    facts = Facts(scene.setting("dev"), now=now)
    for item in resources:
        facts.admit(item)
    value = DeployedStack(
        stack="dev",
        resources=resources,
        outputs={item.urn: {**item.props, "tagsAll": tags(item)} for item in resources},
        pins={NAME: PIN},
        declared={NAME: PIN},
        facts=facts,
        pinned_by=lambda name: Author(who="ada", source=f"Git, {name}"),
        now=now,
    )
    return replace(value, **changes)


def told(check: Check, state: DeployedStack) -> str:
    """Return the author of a finding, in the form of a report."""
    (found,) = check.look(state)
    assert found.author
    return str(found.author())


def resource(token: str, name: str, props: dict[str, Any], **more: Any) -> Resource:
    urn = f"urn:pulumi:dev::mobile-ai::{token}::{name}"
    return Resource(type=token, name=name, urn=urn, props=props, **more)


def only(*resources: Resource) -> DeployedStack:
    return replace(deployed(), resources=resources)


def got(check: Check, state: DeployedStack) -> list[str]:
    found: list[Found] = list(check.look(state))
    return [item.finding.got for item in found]


def tags(item: Resource) -> dict[str, str]:
    """Return tags as a provider returns them."""
    found: dict[str, str] = item.provider.props["defaultTags"]["tags"] if item.provider else {}
    return found


def export(resources: list[Resource], **more: Any) -> dict[str, Any]:
    """Return a state of some resources as `pulumi stack export` writes it."""
    rows = [
        {
            "urn": item.urn,
            "type": item.type,
            "inputs": dict(item.props),
            "outputs": dict(item.props),
            "parent": item.parent or "",
        }
        for item in resources
    ]
    return {"version": 3, "deployment": {"resources": [*rows, *more.get("rows", [])]}}
