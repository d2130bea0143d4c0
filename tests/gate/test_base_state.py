"""A state that says what a commit deploys, for a check without a state."""

import json
import subprocess

import pytest

from mobile_ai.contracts.deployed import Baseline, read_deployed
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.base_state import has_release, state_of_commit, state_of_record
from mobile_ai.sandbox.engine import Engine
from tests.gate.support import STACK_TEXT

IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
ENGINE = '#!/bin/sh\necho "$PULUMI_BACKEND_URL $@" > "{0}/asked"\ncat > "{0}/given"\nexit {1}\n'


@pytest.fixture
def project(tmp_path):
    project = Project(root=tmp_path, stack="dev")
    project.stack_file.write_text(STACK_TEXT)
    (project.state / "kept").mkdir(parents=True)
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        [*IDENTITY, "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    return project


def fake_engine(project: Project, *, code: int = 0) -> Engine:
    pulumi = project.root / "pulumi"
    pulumi.write_text(ENGINE.format(project.root, code))
    pulumi.chmod(0o755)
    return Engine(pulumi=pulumi, version="3.259.0", origin="built")


def asked(project: Project, *, code: int = 0, reference: str = "HEAD") -> dict[str, str]:
    engine = fake_engine(project, code=code)
    return state_of_commit(project, engine, {"PULUMI_BACKEND_URL": "file:///mine"}, reference)


def test_the_stack_s_outputs_are_what_the_commit_pins_in_a_state_of_its_own(project):
    variables = asked(project)

    url = (project.root / "build" / "base-state" / "dev").as_uri()
    assert variables == {"PULUMI_BACKEND_URL": url}
    words = (project.root / "asked").read_text().split()
    assert words == [url, "stack", "import", "--stack=dev", "--non-interactive"]
    state = json.loads((project.root / "given").read_text())
    (stack,) = state["deployment"]["resources"]
    baseline = read_deployed(stack["outputs"]["deployed"], stack="dev")
    assert set(baseline.deployments) == {"field-digits", "other-digits"}
    assert baseline.costs is None
    assert baseline.from_commit
    assert baseline.progress == {}


def test_release_metadata_of_the_commit_is_what_may_only_grow(project):
    folder = project.root / "releases" / "dev" / "metadata"
    folder.mkdir(parents=True)
    for name in ("1.root.json", "2.snapshot.json", "10.snapshot.json", "1.ring-canary.json"):
        (folder / name).write_text("{}")
    assert not has_release(project, "HEAD")
    for arguments in (["add", "."], ["commit", "-qm", "released"]):
        subprocess.run(["git", "-C", project.root, *IDENTITY, *arguments], check=True)
    asked(project)

    state = json.loads((project.root / "given").read_text())
    (stack,) = state["deployment"]["resources"]
    baseline = read_deployed(stack["outputs"]["deployed"], stack="dev")
    assert baseline.release == {"root": 1, "snapshot": 10, "ring-canary": 1}
    assert has_release(project, "HEAD")


@pytest.mark.parametrize("record", [Baseline(costs={"stack": "1"}), None], ids=["told", "lost"])
def test_what_the_record_says_is_the_state_and_a_lost_one_has_no_output(project, record):
    engine = fake_engine(project)
    state_of_record(project, engine, {"PULUMI_BACKEND_URL": "file:///mine"}, record)

    state = json.loads((project.root / "given").read_text())
    stack, *others = state["deployment"]["resources"]
    if record is None:
        assert (stack["outputs"], [item["type"] for item in others]) == ({}, [DEPLOYMENT])
    else:
        assert (read_deployed(stack["outputs"]["deployed"], stack="dev"), others) == (record, [])


def test_state_that_the_engine_refuses_is_an_error(project):
    with pytest.raises(GateError, match=r"baseline of stack dev: .* Next: remove"):
        asked(project, code=1)


def test_commit_that_is_unknown_is_an_error(project):
    with pytest.raises(GateError, match="expected a commit"):
        asked(project, reference="nowhere")
