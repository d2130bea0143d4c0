"""The reference page matches the rules."""

from pathlib import Path

from mobile_ai.governance.rules import catalogue
from tests.tools.policies_page import policies_page

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"


def test_the_page_is_generated_from_the_rules() -> None:
    assert PAGE.read_text() == policies_page(), "run `make docs`"


def test_every_rule_has_an_owner_a_framework_and_a_way_out() -> None:
    for rule in catalogue():
        assert rule.owner
        assert rule.frameworks
        assert rule.remediation
        assert rule.check.__doc__


def test_rules_are_at_least_forty() -> None:
    assert len(catalogue()) >= 40


def test_no_rule_that_guards_the_judgement_can_be_waived() -> None:
    guarded = {
        "stack-configured",
        "records-verified",
        "context-present",
        "model-evidence-verified",
        "leaf-bound-to-verified-model",
        "leaf-matches-deployment",
        "no-wildcard-iam",
        "resource-types-expected",
    }

    assert {rule.id for rule in catalogue() if rule.id in guarded and rule.waivable_by} == set()
