"""The pack under the real engine, with components only, so that no provider is involved."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DEPLOYED
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, changed
from tests.governance.engine.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("policy-engine")]
_ONE, _ALL = "policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent"
RESOURCE_RULES = {rule.id for rule in catalogue() if rule.kind == "resource"}
STACK_RULES = {rule.id for rule in catalogue() if rule.kind == "stack"}


def plan(scene: Scene, *changes: Resource) -> list[Resource]:
    ours = [item for item in scene.resources(*changes) if item.type.startswith("mobileai:")]
    return [item for item in ours if item.name != "registry"]


def violations(events: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for event in events:
        found = event.get("policyEvent")
        if found:
            yield found["policyName"], found["enforcementLevel"], found["message"]


def denied(events: list[dict[str, Any]]) -> set[str]:
    return {name for name, level, _ in violations(events) if level == "mandatory"}


def denied_in(said: str) -> set[str]:
    return set(re.findall(r"\[mandatory\].*?\s{2}([a-z0-9-]+)\s", said))


# Denied in a plan of components only: budgets are cloud resources.
LACKING = {"budgets-alert"}


def test_a_good_plan_is_denied_nothing_but_what_a_cloud_would_bring(
    project: Project, scene: Scene
) -> None:
    project.write_plan(plan(scene))

    _, events, said = project.preview()

    assert denied(events) == LACKING, said
    assert "Traceback" not in said


def test_every_rule_is_accounted_for_on_every_resource(project: Project, scene: Scene) -> None:
    project.write_plan(plan(scene))

    _, events, _ = project.preview()

    summaries = [item[_ONE] for item in events if _ONE in item]
    stack = [item[_ALL] for item in events if _ALL in item]
    (deployment,) = [item for item in summaries if item["resourceUrn"].endswith("assistant-digits")]
    judged = set(deployment.get("passed", [])) | set(deployment.get("failed", []))
    assert {"data-residency", "ethical-assessment-approved"} <= judged <= RESOURCE_RULES
    assert set(stack[0].get("passed", [])) | set(stack[0].get("failed", [])) == STACK_RULES


def test_a_wrong_region_is_denied_with_what_got_expected_and_next(
    project: Project, scene: Scene
) -> None:
    moved = changed(scene.deployment(), "spec", "dataProcessing", "region", to="us-east-1")
    project.write_plan(plan(scene, moved))

    code, events, said = project.preview()

    messages = [text for name, _, text in violations(events) if name == "data-residency"]
    assert code != 0
    assert "data-residency" in denied(events)
    assert messages[0].startswith("spec.dataProcessing.region: got 'us-east-1'; expected one of")
    assert "Next: " in messages[0]
    assert "Traceback" not in said


def test_a_secret_is_judged_by_its_value_and_shown_nowhere(project: Project, scene: Scene) -> None:
    hidden = {"$secret": "us-east-1"}
    moved = changed(scene.deployment(), "spec", "dataProcessing", "region", to=hidden)
    project.write_plan(plan(scene, moved))

    code, events, said = project.preview()

    messages = [text for name, _, text in violations(events) if name == "data-residency"]
    assert code != 0, said
    assert messages[0].startswith("spec.dataProcessing.region: got [secret]; expected one of")
    assert not any("us-east-1" in text for _, _, text in violations(events))


def test_the_deployed_state_is_judged_as_the_plan_was(project: Project, scene: Scene) -> None:
    project.write_plan(plan(scene))
    project.run("up", "--yes", "--skip-preview")

    _, previewed, _ = project.preview()
    _, said = project.analyze()

    assert denied_in(said) == denied(previewed) == LACKING, said


def test_who_tells_nothing_of_what_is_deployed_is_denied_everywhere(
    project: Project, scene: Scene
) -> None:
    project.write_plan([item for item in plan(scene) if item.type != DEPLOYED])
    project.run("up", "--yes", "--skip-preview")

    _, previewed, _ = project.preview()
    _, updated, _ = project.up()
    _, said = project.analyze()

    missing = {"no-silent-downgrade"}
    assert denied(previewed) == denied_in(said) == LACKING | missing | {"context-present"}
    assert denied(updated) == missing  # the engine stops before it analyzes the stack


def test_a_state_that_was_changed_behind_the_gate_is_found_by_the_audit(
    project: Project, scene: Scene
) -> None:
    moved = changed(scene.deployment(), "spec", "dataProcessing", "region", to="us-east-1")
    project.write_plan(plan(scene, moved))
    project.run("up", "--yes", "--skip-preview")

    code, said = project.analyze()

    assert code != 0
    assert {"data-residency", "ethical-assessment-approved"} <= denied_in(said), said
