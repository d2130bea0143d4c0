"""Denials about bounds name the command that allows the plan, with the plan's values."""

import re
import shlex
from types import SimpleNamespace
from typing import Any

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.reading import UNKNOWN, FindingCollector, Property
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.roots import read_roots
from mobile_ai.governance.bound_changes import change, key_of
from mobile_ai.governance.rule_context import Case
from mobile_ai.stack.roots_changes import propose
from mobile_ai.stack.roots_forms import check_forms
from mobile_ai.testing import Scene, changed
from tests.governance.alone import STEPS, with_roots
from tests.governance.test_roots_fields import (
    BOUNDS,
    ROLE,
    SCENE,
    authorizer,
    entry,
    mail,
    provider,
    registry,
)

_COMMAND = re.compile(r"`mobile-ai roots propose ([^`]*)`")
CDN = SCENE.sample("aws:cloudfront/distribution:Distribution")


def audience(issuer: str, *names: str) -> Resource:
    tokens = {"issuer": issuer, "audiences": list(names)}
    return changed(authorizer(issuer), "jwtConfiguration", to=tokens)


def context(*path: Any, to: Any) -> Resource:
    return changed(SCENE.context(), *path, to=to)


ISSUER = next(iter(BOUNDS.issuers))
# Plan that a bound forbids, and the bounds where they are not the scene's.
PLANS: dict[str, tuple[Resource | None, dict[str, Any]]] = {
    "account": (provider("aws", allowedAccountIds=["999999999999"]), {}),
    "role": (provider("aws", allowedAccountIds=[BOUNDS.account], assumeRoles=ROLE), {}),
    "issuer": (audience("https://login.example.org/a-b/", "devices"), {}),
    "audience": (audience(ISSUER, "tablets"), {}),
    "image": (context("images", "edge", to=f"registry.example.org/e@sha256:{'f' * 64}"), {}),
    "domain": (changed(CDN, "aliases", to=["cdn.example.org"]), {}),
    "registry": (registry(trackingUri="https://mlflow.example.org/"), {}),
    "mail": (mail("oncall@example.org"), {}),
    "budget": (context("budgets", 0, "monthlyUsd", to=10_001), {}),
    "unlisted budget": (None, {"budgets": {"other": {"maximumUsd": 9, "kind": "soft"}}}),
    "soft budget": (None, {"budgets": {"*": {"maximumUsd": 500, "kind": "hard"}}}),
    "scope": (None, {"budgets": {"*": {"maximumUsd": 500, "kind": "soft", "scope": "stack"}}}),
    "node price": (context("sites", 0, "nodePriceUsdPerHour", to=0.001), {}),
    "node cpu": (context("sites", 0, "nodeCpu", to=65), {}),
    "bucket": (registry(artifactBucket="models-of-2019"), {}),
    "context": (provider("kubernetes", context="lab-2"), {}),
    "first ring": (None, {"rollout": {**STEPS, "maximumFirstPercent": 4}}),
    "growth": (None, {"rollout": {**STEPS, "maximumFactor": 19}}),
    "soak": (None, {"rollout": {**STEPS, "minimumSoakHours": 25}}),
}


def findings(scene: Scene, plan: Resource | None) -> dict[str, list[str]]:
    """Return the commands of each denial whose command names values."""
    resources = scene.resources(*([plan] if plan else []))
    return {
        item.rule: found
        for item in scene.judge(resources)
        if item.denies and (found := [c for f in item.findings for c in _COMMAND.findall(str(f))])
    }


@pytest.mark.parametrize("name", PLANS)
def test_the_command_of_a_denial_allows_the_plan(name: str) -> None:
    plan, bounds = PLANS[name]
    scene: Any = with_roots(**bounds) if bounds else SCENE
    values = {**entry()["bounds"], **bounds}
    text = dump_yaml({"stacks": {"dev": entry(bounds=values)}})
    denied = findings(scene, plan)
    assert len(denied) == 1
    ((rule, commands),) = denied.items()

    for command in commands:
        stack, path, value = shlex.split(command)
        before = read_roots(text).stacks
        done = propose(text, stack=stack, path=path, value=value, trusts_of=lambda *_: ())
        check_forms(done.roots.stacks, before=before)
        text = done.text

    after = read_roots(text).stack("dev").bounds.model_dump(by_alias=True, exclude_defaults=True)
    left = findings(with_roots(**{key: after[key] for key in after}), plan)
    if name == "unlisted budget":  # the budget that the roots demand is still not declared
        left.pop(rule, None)
    assert left == {}


def step(value: Any, field: str = "notify[+]") -> str:
    facts: Any = SimpleNamespace(setting=SCENE.setting("dev"), secrets=set())
    case = Case(SCENE.context(), facts, parameters={}, advice="")
    return change(case, field, value)


@pytest.mark.parametrize(
    "value",
    ["a'; rm -rf /; '", "$(id)", "`id`", "a b", "x\nid", "yes", "1", "-1", "", "--help", "é" * 300],
)
def test_a_value_of_a_pull_request_stays_one_argument(value: str) -> None:
    found = re.search("`mobile-ai roots propose ([^`]*)`", step(value))

    assert found
    assert len(shlex.split(found[1])) == 3


def test_an_unknown_value_is_left_open() -> None:
    node = Property(UNKNOWN, FindingCollector(""))

    assert step(node).endswith("'bounds.notify[+]' VALUE`")


@pytest.mark.parametrize("key", ["", "a]b", "a'b", "a`b", "a\nb", "x" * 300])
def test_a_key_that_no_path_can_name_is_left_open(key: str) -> None:
    assert key_of(key) == "[KEY]"
