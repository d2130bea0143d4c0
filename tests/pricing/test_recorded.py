"""Resources of a recorded plan."""

import json
from typing import Any

import pytest

from mobile_ai.contracts.engine_values import UNKNOWN_TEXT
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.pricing import CostError
from mobile_ai.pricing.recorded import changed_usage, resources_of_events
from tests.pricing.support import deployment

PROVIDER = "urn:pulumi:dev::p::pulumi:providers:aws::aws"


def event(urn: str, *, op: str = "create", **step: Any) -> str:
    new = {"type": urn.split("::")[2], "urn": urn, "parent": "", "inputs": {}, **step}
    return json.dumps({"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "new": new}}})


def test_a_resource_keeps_type_name_parent_and_inputs() -> None:
    urn = "urn:pulumi:dev::p::aws:kms/key:Key::k"

    (found,) = resources_of_events([event(urn, parent="urn:parent", inputs={"a": [1]})])

    assert (found.type, found.name, found.urn) == ("aws:kms/key:Key", "k", urn)
    assert (found.parent, found.props) == ("urn:parent", {"a": [1]})


def test_a_constant_for_an_unknown_becomes_unknown_at_any_depth() -> None:
    inputs = {"a": {"b": [UNKNOWN_TEXT]}}

    (found,) = resources_of_events([event("urn:pulumi:dev::p::t::n", inputs=inputs)])

    assert found.props["a"]["b"][0] is UNKNOWN


def test_a_provider_is_found_by_its_reference() -> None:
    tags = '{"tags": {"mobile-ai:app": "x"}}'
    lines = [
        event(PROVIDER, inputs={"region": "eu-west-1", "defaultTags": tags}),
        event("urn:pulumi:dev::p::t::n", provider=f"{PROVIDER}::{UNKNOWN_TEXT}"),
    ]

    found = resources_of_events(lines)[1].provider

    assert found is not None
    assert found.props == {"region": "eu-west-1", "defaultTags": {"tags": {"mobile-ai:app": "x"}}}


def test_what_is_deleted_costs_nothing_more() -> None:
    lines = [event("urn:pulumi:dev::p::t::old", op="delete"), event("urn:pulumi:dev::p::t::new")]

    assert [item.name for item in resources_of_events(lines)] == ["new"]


def test_a_stream_without_a_resource_is_an_error() -> None:
    with pytest.raises(CostError, match="no planned resource"):
        resources_of_events(["not json", "{}", '{"summaryEvent": {}}'])


def test_a_what_if_changes_one_figure_of_one_deployment() -> None:
    (found,) = changed_usage([deployment()], {"field-digits.requestsPerSecond": "7"})

    assert found.props["spec"]["usage"]["requestsPerSecond"] == "7"
    assert found.props["spec"]["usage"]["monthlyActiveDevices"] == 1000


def test_a_what_if_for_nobody_is_an_error() -> None:
    with pytest.raises(CostError, match="field-digits"):
        changed_usage([deployment()], {"nobody.requestsPerSecond": "7"})


def error(message: str) -> str:
    return json.dumps({"diagnosticEvent": {"severity": "error", "message": message}})


def test_a_preview_that_failed_is_no_plan_though_it_planned_something() -> None:
    lines = [event("urn:pulumi:dev::p::pulumi:pulumi:Stack::s"), error("Program failed\nat line 2")]

    with pytest.raises(CostError, match="got a preview that failed: Program failed; expected"):
        resources_of_events(lines)


def test_a_preview_that_was_denied_is_a_plan() -> None:
    key = event("urn:pulumi:dev::p::aws:kms/key:Key::k")

    assert len(resources_of_events([key, error("preview failed\n")])) == 1
