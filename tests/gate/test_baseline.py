"""Baseline of deployed versions, from a state or from Git."""

import json
import subprocess

import pytest

from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.baseline import (
    DeployedModels,
    DeployedPin,
    changes,
    from_export,
    from_git,
    pins_of,
)
from tests.gate.support import DEPLOYMENT, FIELD_URN, STACK_TEXT

PIN = DeployedPin(model="digits", version="1.1.0", sha256="a" * 64, previous="b" * 64)
MODEL = {"id": "digits", "version": "1.1.0", "sha256": "a" * 64, "previous": {"sha256": "b" * 64}}
INPUTS = {"spec": {"aiModel": MODEL}}


def export(**changes):
    resource = {"urn": FIELD_URN, "type": DEPLOYMENT, "inputs": INPUTS} | changes
    kept = {"urn": "v", "type": "mobileai:index:ModelVersion", "inputs": {"sha256": "a" * 64}}
    resources = [{"urn": "s", "type": "x"}, kept, resource]
    return {"version": 3, "deployment": {"resources": resources}}


def test_state_tells_the_model_of_each_deployment():
    found = from_export(export())
    assert (found.source, found.pins, len(found.resources)) == (
        "deployed state",
        {"field-digits": PIN},
        3,
    )


@pytest.mark.parametrize("value", [{}, {"deployment": None}, {"deployment": {"resources": None}}])
def test_stack_without_resources_has_no_baseline(value):
    assert from_export(value) is None


def test_what_is_no_state_is_refused():
    with pytest.raises(GateError, match="pulumi stack export"):
        from_export({"deployment": {"resources": [{}]}})


def test_resource_that_waits_for_deletion_is_not_deployed():
    assert from_export(export(delete=True)).pins == {}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"spec": None},
        {"spec": UNKNOWN},
        {"spec": {"aiModel": {"id": "digits"}}},
        {"spec": {"aiModel": MODEL | {"sha256": UNKNOWN}}},
        {"spec": {"aiModel": "digits"}},
    ],
)
def test_deployment_that_cannot_be_read_is_left_out(inputs):
    found = Resource(type=DEPLOYMENT, name="field-digits", urn=FIELD_URN, props=inputs)
    assert pins_of([found]) == {}


def test_nothing_changed_is_no_change():
    assert changes(DeployedModels(source="", pins={"a": PIN}), {"a": PIN}) == ()


@pytest.fixture
def repository(tmp_path):
    project = Project(root=tmp_path, stack="dev")
    project.stack_file.write_text(STACK_TEXT)
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    return project


def test_commit_tells_the_model_of_each_deployment(repository):
    repository.stack_file.write_text("config: {}")
    found = from_git(repository, "main")
    assert {name: pin.version for name, pin in found.pins.items()} == {
        "field-digits": "1.1.0",
        "other-digits": "1.0.0",
    }


def test_stack_that_the_commit_does_not_have_starts_from_nothing(repository):
    assert from_git(Project(root=repository.root, stack="new"), "main").pins == {}


def test_commit_that_does_not_exist_is_refused_with_a_next_step(repository):
    with pytest.raises(GateError, match=r"nowhere.*Next: fetch it"):
        from_git(repository, "nowhere")


def test_export_is_json_as_the_engine_writes_it():
    assert from_export(json.loads(json.dumps(export()))) is not None
