"""The engine's lines become events, whatever the lines are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.gate.engine.events import (
    Diagnostic,
    Finished,
    Noise,
    Other,
    ResourceSeen,
    ResourceSummary,
    StackSummary,
    Violation,
    parse_event,
    plain,
)
from tests.gate.support import FIELD_URN, events, lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_recorded_violation_keeps_rule_resource_level_and_message():
    found = [item for item in events("denied") if isinstance(item, Violation)]
    assert [(item.rule, item.level) for item in found] == [
        ("no-bad", "mandatory"),
        ("later", "advisory"),
        ("excused", "advisory"),
    ]
    assert found[0].urn == FIELD_URN
    assert found[0].pack == "mobile-ai-governance"
    assert found[0].message.endswith("outcome: fail")


def test_recorded_resources_and_summaries_are_all_there():
    found = events("passed")
    assert sum(isinstance(item, ResourceSeen) for item in found) == 3
    assert sum(isinstance(item, ResourceSummary) for item in found) == 3
    assert sum(isinstance(item, StackSummary) for item in found) == 1
    assert [item.result for item in found if isinstance(item, Finished)] == ["succeeded"]


def test_no_recorded_line_is_noise():
    for name in ("denied", "passed", "program_failed", "pack_failed"):
        assert not [item for item in events(name) if isinstance(item, Noise)]


def test_unknown_event_of_a_newer_engine_is_no_error():
    assert parse_event('{"sequence":1,"timestamp":2,"dreamEvent":{}}') == Other(kind="dreamEvent")


def test_line_that_is_no_event_is_kept_as_noise():
    assert parse_event("warning: disk almost full\n") == Noise(text="warning: disk almost full")


def test_event_without_its_fields_is_noise_and_not_a_pass():
    line = json.dumps({"sequence": 1, "policyAnalyzeSummaryEvent": {"passed": ["no-bad"]}})
    assert isinstance(parse_event(line), Noise)


@pytest.mark.parametrize("text", ["<{%fg 1%}>no<{%reset%}>", "\x1b[31mno\x1b[0m"])
def test_colours_are_taken_out(text):
    assert plain(text) == "no"


def test_indentation_of_a_diagnostic_is_kept_for_tracebacks():
    line = next(item for item in lines("pack_failed") if "File" in item)
    event = parse_event(line)
    assert isinstance(event, Diagnostic)
    assert event.message.startswith("  File")


@given(st.text())
def test_any_text_is_parsed_without_an_error(text):
    parse_event(text)


@given(
    st.sampled_from(["policyEvent", "resourcePreEvent", "summaryEvent", "diagnosticEvent"]), JSON
)
def test_any_payload_is_parsed_without_an_error(kind, payload):
    parse_event(json.dumps({"sequence": 0, "timestamp": 0, kind: payload}))
