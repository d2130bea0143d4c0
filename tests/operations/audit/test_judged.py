"""Judging a state: the same verdicts, every rule accounted for, and compared with the engine's."""

from datetime import UTC, datetime

import pytest

from mobile_ai.contracts.engine_values import SECRET, SIGNATURE
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.exported import read_export
from mobile_ai.contracts.reading import Secret
from mobile_ai.gate.engine.events import Violation
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.pack import PolicyPack
from mobile_ai.gate.verdict import verdict
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.rules import catalogue
from mobile_ai.operations.audit.policy_events import disagreement, events_of
from mobile_ai.testing import Scene, changed
from tests.operations.audit.support import SCENE, export

URN = "urn:pulumi:dev::mobile-ai::aws:sqs/queue:Queue::q"
STACK = "urn:pulumi:dev::mobile-ai::pulumi:pulumi:Stack::mobile-ai-dev"
EXPECTED = PolicyPack(
    name="mobile-ai-governance",
    version="1.0.0",
    sha256="a" * 64,
    rules={rule.id: rule for rule in catalogue()},
    levels={rule.id: rule.enforcement for rule in catalogue()},
)


def judged(scene: Scene, *changes) -> EngineObservation:
    resources = [item for item in scene.resources(*changes) if not item.type.startswith("aws:")]
    state = read_export(export(resources), name="state")
    session = JudgeSession(scene.setting, now=scene.now)
    seen = EngineObservation()
    for event in events_of(state, session, EXPECTED):
        seen.add(event)
    return seen


def denials(seen: EngineObservation) -> set[str]:
    return {item.rule for item in seen.violations if item.level == "mandatory"}


def test_a_state_is_accounted_for_in_full():
    seen = judged(SCENE)
    assert verdict.doubts(seen, EXPECTED, exit_code=0, errors=()) == ()
    assert len(verdict.accounted(seen, EXPECTED)) == len(seen.steps) > 5
    assert set(seen.steps.values()) == {"deployed"}


def test_verdicts_are_those_of_the_plan():
    moved = changed(SCENE.deployment(), "spec", "dataProcessing", "region", to="us-east-1")
    plan = [i for i in SCENE.resources(moved) if not i.type.startswith("aws:")]
    wanted = {item.rule for item in SCENE.judge(plan) if item.denies}

    seen = judged(SCENE, moved)

    assert "data-residency" in denials(seen)
    assert denials(seen) == wanted
    assert seen.finished is not None
    assert seen.finished.result == "failed"


def test_a_missing_account_would_be_noticed():
    seen = judged(SCENE)
    seen.resource_summaries.pop()
    assert verdict.doubts(seen, EXPECTED, exit_code=0, errors=())


def said(*denied: tuple[str, str]) -> EngineObservation:
    seen = EngineObservation()
    for rule, urn in denied:
        seen.add(
            Violation(
                pack="p",
                pack_version="1",
                rule=rule,
                urn=urn,
                message="m",
                level="mandatory",
                severity="high",
            )
        )
    return seen


def test_the_engine_s_urn_of_the_stack_is_the_whole():
    assert disagreement(said(("whole", "")), said(("whole", STACK))) == ()


@pytest.mark.parametrize(
    ("ours", "theirs"), [([("a", URN)], []), ([], [("a", URN)]), ([("a", URN)], [("b", URN)])]
)
def test_an_engine_that_denies_something_else_is_a_doubt(ours, theirs):
    (doubt,) = disagreement(said(*ours), said(*theirs))
    assert f"on {URN}" in doubt


def test_what_waits_for_its_deletion_is_not_deployed():
    gone = {"urn": URN, "type": "aws:sqs/queue:Queue", "delete": True}
    state = read_export(export(SCENE.resources(), rows=[gone]), name="state")
    assert URN not in {item.urn for item in (*state.inputs, *state.outputs)}


def test_inputs_outputs_provider_and_secrets_come_as_the_engine_gives_them():
    provider = "urn:pulumi:dev::mobile-ai::pulumi:providers:aws::aws"
    secret = {SIGNATURE: SECRET}
    rows = [
        {
            "urn": provider,
            "type": "pulumi:providers:aws",
            "inputs": {"region": "eu-west-1", "defaultTags": '{"tags":{"a":"b"}}'},
        },
        {
            "urn": URN,
            "type": "aws:sqs/queue:Queue",
            "provider": f"{provider}::id",
            "protect": True,
            "propertyDependencies": {"x": [STACK], "y": None},
            "inputs": {"x": [{**secret, "ciphertext": "v1:..."}], "y": {"z": 1}},
            "outputs": {"arn": "arn:q"},
        },
    ]
    state = read_export(export([], rows=rows), name="state")
    queue = state.inputs[1]
    assert queue.props == {"x": [Secret("[secret]")], "y": {"z": 1}}
    assert queue.provider is not None
    assert queue.provider.props["defaultTags"] == {"tags": {"a": "b"}}
    assert (queue.protect, queue.dependencies["x"]) == (True, (STACK,))
    assert state.outputs[1].props == {"arn": "arn:q"}
    assert state.stacks == {"dev"}


@pytest.mark.parametrize("deployment", [{}, {"resources": None}, {"resources": []}])
def test_an_empty_state_has_no_resources(deployment):
    assert read_export({"deployment": deployment}, name="file").inputs == ()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"deployment": []},
        {"deployment": {"resources": [1]}},
        {"deployment": {"resources": [{}]}},
        {"deployment": {"resources": [{"urn": 1, "type": "t"}]}},
    ],
)
def test_what_is_no_state_is_refused(value):
    with pytest.raises(DocumentError, match="pulumi stack export"):
        read_export(value, name="file")


def test_time_is_the_caller_s():
    late = datetime(2040, 1, 1, tzinfo=UTC)
    state = read_export(export(SCENE.resources()), name="state")
    session = JudgeSession(SCENE.setting, now=late)
    rules = {i.rule for i in events_of(state, session, EXPECTED) if isinstance(i, Violation)}
    assert {"ethical-assessment-approved", "evaluation-current"} <= rules
