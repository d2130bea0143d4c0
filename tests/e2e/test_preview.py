"""The main job: a preview of each stack by the real engine, with every rule of the pack."""

import json

import pytest

from mobile_ai.components.aws.tags import TAG_NAMES
from mobile_ai.gate.report.report import Report
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.taggable import taggable_types
from mobile_ai.pricing import CostError
from mobile_ai.pricing.plan import tags_of
from mobile_ai.pricing.recorded import require_current, resources_of_events
from tests.e2e.checkout import GateRun

NEVER_LOWERED = {
    "leaf-bound-to-verified-model",
    "model-evidence-verified",
    "ethical-assessment-approved",
    "data-residency",
    "model-version-allowed",
    "cost-tags-required",
    "storage-private-and-encrypted",
    "edge-pod-restricted",
    "no-wildcard-iam",
}
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]


@pytest.fixture(scope="module", params=["dev", "prod"])
def run(request: pytest.FixtureRequest, gated: dict[str, GateRun]) -> GateRun:
    return gated[request.param]


def test_stack_as_committed_passes(run):
    assert run.code == 0, run.out + run.err
    assert run.report["verdict"] == "pass"
    assert run.report["doubts"] == []
    assert run.report["errors"] == []


def test_every_rule_ran_on_all_that_it_judges(run):
    assert {item["id"] for item in run.report["rules"]} == {rule.id for rule in catalogue()}
    resources = run.report["resources"]
    assert resources["judged"] == resources["total"] > 50


def test_rule_below_its_own_level_is_listed(run):
    levels = {item["id"]: item["level"] for item in run.report["rules"]}
    lowered = {
        rule.id
        for rule in catalogue()
        if rule.enforcement == "mandatory" and levels[rule.id] != "mandatory"
    }
    listed = {item.partition(" ")[0] for item in run.report["pack"]["weakenings"]}
    assert lowered <= listed
    assert not lowered & NEVER_LOWERED


def test_nothing_without_a_price_is_hidden(run):
    cost = run.report["cost"]
    assert cost["estimated"]
    assert cost["unpriced"] == sum(item["unknown"] > 0 for item in cost["resources"]) == 0
    assert all(item["reason"] for item in cost["unknowns"])


def test_everything_that_can_be_tagged_says_who_pays(run, pristine):
    log = pristine.root / "build" / "gate" / f"{run.report['stack']}.events.jsonl"
    resources = resources_of_events(log.read_text().splitlines())
    aws = [item for item in resources if item.type in taggable_types()]
    kubernetes = [item for item in resources if item.type.startswith("kubernetes:")]

    assert len(aws) > 30
    assert len(kubernetes) > 10
    for item in (*aws, *kubernetes):
        assert set(TAG_NAMES) <= set(tags_of(item)), item.urn
        assert tags_of(item)["environment"] == run.report["stack"]


def test_a_recorded_plan_is_bound_to_its_stack_file(run, pristine):
    stack = run.report["stack"]
    log = pristine.root / "build" / "gate" / f"{stack}.events.jsonl"
    file = pristine.root / f"Pulumi.{stack}.yaml"
    now = file.read_text()

    require_current(log.read_text().splitlines(), now, name=file.name, stack=stack)
    with pytest.raises(CostError, match="a plan of another"):
        require_current(log.read_text().splitlines(), now + "#", name=file.name, stack=stack)


def test_report_says_that_stand_ins_answered(run):
    assert run.report["engine"]["providers"] == "stand-in"


def test_nearly_every_aws_input_is_checked_and_the_rest_is_named(run):
    aws = next(item for item in run.report["providers"] if item["name"] == "aws")
    assert aws["kind"] == "stand-in"
    assert aws["inputs"] > 500
    assert aws["checked"] >= 0.99 * aws["inputs"]
    assert len(aws["uncovered"]) <= aws["inputs"] - aws["checked"]
    assert "cfn-lint" in aws["checkedAgainst"]


def test_report_can_be_read_back(run):
    assert Report.model_validate(json.loads(run.out)).exit_code == 0


def test_preview_leaves_the_checkout_as_git_has_it(run, pristine):
    assert run.code == 0
    assert pristine.status() == ""
