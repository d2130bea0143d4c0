"""A state that says what a commit deploys, for a check without a state."""

import json
import subprocess

import pytest

from mobile_ai.contracts.deployed import read_deployed
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.base_state import state_of_commit
from mobile_ai.sandbox.engine import Engine
from tests.gate.support import STACK_TEXT

ENGINE = '#!/bin/sh\necho "$PULUMI_BACKEND_URL $@" > "{0}/asked"\ncat > "{0}/given"\nexit {1}\n'


@pytest.fixture
def project(tmp_path):
    project = Project(root=tmp_path, stack="dev")
    project.stack_file.write_text(STACK_TEXT)
    (project.state / "kept").mkdir(parents=True)
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True)
    return project


def asked(project: Project, *, code: int = 0, reference: str = "HEAD") -> dict[str, str]:
    pulumi = project.root / "pulumi"
    pulumi.write_text(ENGINE.format(project.root, code))
    pulumi.chmod(0o755)
    engine = Engine(pulumi=pulumi, version="3.259.0", origin="built")
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


def test_state_that_the_engine_refuses_is_an_error(project):
    with pytest.raises(GateError, match=r"baseline of HEAD: .* Next: remove"):
        asked(project, code=1)


def test_commit_that_is_unknown_is_an_error(project):
    with pytest.raises(GateError, match="expected a commit"):
        asked(project, reference="nowhere")
