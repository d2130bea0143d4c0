"""Drift between the states before and after a refresh."""

from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.engine_values import ASSET, SIGNATURE
from mobile_ai.gate.state.drift import Drift, changed_outside

_ASSET = {SIGNATURE: ASSET}


def export(*resources):
    return {"version": 3, "deployment": {"resources": list(resources)}}


def resource(urn, **inputs):
    return {"urn": urn, "type": "aws:s3/bucket:Bucket", "inputs": inputs, "outputs": {"arn": urn}}


def test_properties_that_differ_are_named_and_those_that_came_or_went():
    before = export(resource("a", kept=1, size=1, went=True, tags={"x": "1"}), resource("b"))
    after = export(resource("a", kept=1, size=2, came=True, tags={"x": "2"}), resource("b"))
    assert changed_outside(before, after) == (
        Drift(urn="a", properties=("came", "size", "tags", "went")),
    )


def test_a_resource_that_is_gone_has_no_properties():
    assert changed_outside(export(resource("a")), export()) == (Drift(urn="a"),)


def test_a_copy_that_waits_for_its_deletion_is_none_of_it():
    waits = {**resource("a", size=1), "delete": True}
    assert changed_outside(export(waits), export()) == ()
    assert (
        changed_outside(export(waits, resource("a", size=2)), export(resource("a", size=2))) == ()
    )


def test_outputs_and_notes_of_providers_do_not_count():
    before = export({**resource("a", __defaults=["x"]), "outputs": {"policy": "old"}})
    after = export({**resource("a", __defaults=[]), "outputs": {"policy": "new"}})
    assert changed_outside(before, after) == ()


def test_an_asset_is_its_content():
    def holding(**fields):
        return export(resource("a", code={"inner": [{**_ASSET, **fields}]}))

    read = holding(hash="1", path="/here")
    assert changed_outside(read, holding(hash="1", path="/there")) == ()
    assert changed_outside(read, holding(hash="2", path="/here"))[0].properties == ("code",)


def test_a_stack_without_a_state_has_no_drift():
    assert changed_outside({"deployment": None}, {}) == ()


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=5))
def test_a_state_never_differs_from_itself(inputs):
    state = export(*(resource(str(at), **each) for at, each in enumerate(inputs)))
    assert changed_outside(state, state) == ()
