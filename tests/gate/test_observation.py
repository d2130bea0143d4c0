"""Observation of events is sufficient for the report."""

from collections import Counter

from mobile_ai.gate.engine.events import ResourceSeen
from tests.gate.support import DEPLOYMENT, FIELD_URN, STACK_URN, events, observed


def step(op, urn=FIELD_URN):
    return ResourceSeen(urn=urn, type=DEPLOYMENT, op=op)


def test_resources_are_counted_by_type_and_operation():
    seen = observed("passed")
    assert Counter(seen.types.values()) == {DEPLOYMENT: 2, "pulumi:pulumi:Stack": 1}
    assert Counter(seen.steps.values()) == {"create": 3}


def test_replacement_counts_as_one_resource():
    seen = observed([step("create-replacement"), step("replace"), step("delete-replaced")])
    assert list(seen.steps.values()) == ["replace"]


def test_deleted_resource_is_counted_and_needs_no_judgement():
    seen = observed([step("delete")])
    assert list(seen.steps.values()) == ["delete"]
    assert seen.judged == frozenset()


def test_outputs_are_those_of_the_stack():
    assert observed("passed").outputs["url"] == "https://x"


def test_local_pack_is_named_without_its_path():
    assert observed("passed").packs == {"mobile-ai-governance": "0.1.0"}


def test_debug_messages_are_left_out():
    assert {item.severity for item in observed("passed").diagnostics} == {"warning"}


def test_every_resource_of_the_stream_is_judged():
    seen = observed(events("passed"))
    assert STACK_URN in seen.judged
    assert len(seen.judged) == 3
