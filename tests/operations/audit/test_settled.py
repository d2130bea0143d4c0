"""The baseline in an exported state."""

from typing import Any

from mobile_ai.operations.audit.settled import settled

OWN = {"type": "mobileai:index:Deployed", "inputs": {"found": "first", "text": ""}}
OTHER = {"type": "aws:s3/bucket:Bucket", "inputs": {"text": "x"}}


def state(**outputs: Any) -> dict[str, Any]:
    root = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
    return {"version": 3, "deployment": {"resources": [root, OWN, OTHER]}}


def test_what_the_stack_deployed_last_is_the_baseline():
    root, own, other = settled(state(deployed="text"))["deployment"]["resources"]

    told = {"found": "state", "text": "text", "proposed": "text"}
    assert own["inputs"] == own["outputs"] == told
    assert (root["outputs"], other) == ({"deployed": "text"}, OTHER)


def test_state_without_the_output_stays_as_it_is():
    for export in (state(), state(deployed={"secret": 1}), {"deployment": None}, {}):
        assert settled(export) == export
