"""Each control that a rule names has a resource that violates it, which this rule denies."""

import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.resource_list import listed_types
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene
from tests.governance.controls import Control, claims, passing, read_controls

CONTROLS = read_controls()
CHECKED = [item for item in CONTROLS if item.rule]
SCENE = Scene()
# With a web ACL beside it, a distribution violates nothing.
AROUND = (SCENE.sample("aws:wafv2/webAcl:WebAcl"),)
SESSION = JudgeSession(SCENE.setting, now=SCENE.now, preview=True)
for _item in SCENE.resources():
    SESSION.see(_item)
STACK_RULES = {rule.id for rule in catalogue() if rule.kind == "stack"}


def _denials(resource: Resource, *, whole: bool) -> set[str]:
    """Return the rules that deny a resource; those of the stack too where the whole is judged."""
    if whole:
        return SCENE.denials(*AROUND, resource)
    return {item.rule for item in SESSION.see(resource) if item.denies}


@pytest.mark.parametrize("token", sorted({item.type for item in CHECKED}))
def test_the_resource_that_is_changed_passes_every_rule(token: str) -> None:
    assert _denials(passing(SCENE, token), whole=True) <= {"bucket-guards-exist"}


@pytest.mark.parametrize("control", CHECKED, ids=str)
def test_a_violation_is_denied_by_the_rule_that_serves_the_control(control: Control) -> None:
    denials = _denials(control.violated(SCENE), whole=control.rule in STACK_RULES)

    assert control.rule in denials
    # The property list may deny the same value: two doors.
    assert denials - {control.rule, "resource-types-expected", "bucket-guards-exist"} == set()


def test_each_control_has_a_rule_or_a_reason() -> None:
    rules = {rule.id for rule in catalogue()}
    for control in CONTROLS:
        assert bool(control.rule) is not bool(control.reason), control
        assert not control.rule or control.rule in rules, control
        assert control.path or control.rule == "bucket-guards-exist", control


def test_types_of_the_table_are_listed_or_judged() -> None:
    judged = {token for rule in catalogue() for token in rule.applies_to}

    assert {item.type for item in CONTROLS} - set(listed_types()) - judged == set()


@pytest.mark.parametrize(("rule", "name"), sorted(set(claims())))
def test_a_rule_checks_each_control_that_it_names(rule: str, name: str) -> None:
    assert rule in {item.rule for item in CONTROLS if name in item.ids}
