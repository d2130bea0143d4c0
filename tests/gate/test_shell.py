"""The variables of a shell in which plain `pulumi` works in the sandbox."""

import os
import subprocess
from pathlib import Path

import pytest

from mobile_ai.gate.deploy import shell as room
from mobile_ai.gate.deploy.shell import open_shell
from mobile_ai.gate.errors import GateError
from mobile_ai.sandbox.engine import Engine
from mobile_ai.sandbox.engine.locate import ENGINE_VARIABLE as ENGINE
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE

SALT = "encryptionsalt: v1:of-the-state"
SAYS = '#!/bin/sh\nprintf "%s|" "$PULUMI_OPTION_CONFIG_FILE" "$PULUMI_STACK" "$@"\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with spaces in its path, and an engine that prints what it is started with."""
    root = tmp_path / "a 'check' out"
    (root / "engine").mkdir(parents=True)
    engine = root / "engine" / "pulumi"
    engine.write_text(SAYS)
    engine.chmod(0o755)
    (root / "Pulumi.yaml").write_text("name: mobile-ai\n")
    (root / "Pulumi.dev.yaml").write_text("secretsprovider: awskms://key\nconfig: {a: 1}\n")

    def prepare(project, *_):
        project.stacks.mkdir(parents=True, exist_ok=True)
        project.stack_copy.write_text(f"config: {{a: 0}}\n{SALT}\n")

    monkeypatch.setattr(room, "prepare_stack", prepare)
    found = Engine(pulumi=engine, version="3.259.0", origin="built")
    monkeypatch.setattr(room, "find_engine", lambda *_: found)
    return root


def opened(root: Path, endpoints: Path | None = None, **ambient: str) -> room.Shell:
    variables = {"PATH": os.defpath, "HOME": "/home/me", **ambient}
    return open_shell(root, "dev", endpoints=endpoints, ambient=variables)


def typed(root: Path, *arguments: str, **ambient: str) -> "subprocess.CompletedProcess[str]":
    """Evaluate the lines in a shell, then run `pulumi` from its PATH."""
    script = f'{opened(root, **ambient).script()}\nexec pulumi "$@"'
    return subprocess.run(
        ["sh", "-c", script, "sh", *arguments],
        env={"PATH": os.defpath, **ambient},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pulumi_on_path_is_the_engine_with_a_copy_of_the_stack_file_as_it_is_now(root):
    opened(root)
    (root / "Pulumi.dev.yaml").write_text("encryptedkey: x\nconfig: {a: 2}\n")

    done = typed(root, "preview", "--policy-pack", "a pack")

    copy = root / "build" / "stacks" / "Pulumi.dev.yaml"
    assert done.stdout == f"{copy}|dev|preview|--policy-pack|a pack|", done.stderr
    assert copy.read_text() == f"config: {{a: 2}}\n{SALT}\n"
    assert not list(copy.parent.glob("*.yaml.*"))


@pytest.mark.parametrize("words", [("--stack", "prod"), ("-s", "org/app/prod"), ("--stack=prod",)])
def test_another_stack_is_refused_with_the_shell_to_open(root, words):
    done = typed(root, "preview", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert "expected dev" in done.stderr
    assert 'eval "$(mobile-ai sandbox env --stack prod)"' in done.stderr


@pytest.mark.parametrize("words", [("--stack", "dev"), ("-s", "organization/mobile-ai/dev")])
def test_the_shell_s_own_stack_may_be_named(root, words):
    assert typed(root, "preview", *words).returncode == 0


def test_variables_that_lead_out_of_the_sandbox_are_unset(root):
    shell = opened(root, AWS_PROFILE="mine", KUBECONFIG="/k", PULUMI_OPTION_TARGET="x", OTHER="y")

    assert shell.unset == ("AWS_PROFILE", "KUBECONFIG", "PULUMI_OPTION_TARGET")
    assert "OTHER" not in shell.variables


def test_variables_are_the_same_however_often_they_are_asked_for(root):
    first = opened(root).variables
    again = opened(root, **{**first, "PATH": first["PATH"]})

    assert (again.variables, again.unset) == ({}, ())
    assert first[ENGINE] == str(root / "engine" / "pulumi")


def test_without_a_sandbox_previews_work_and_what_is_left_of_one_is_unset(root):
    shell = opened(root, **{ENDPOINTS_VARIABLE: "/gone/endpoints.json", "MOBILE_AI_SANDBOX": "1"})

    assert shell.endpoints == ""
    assert set(shell.unset) == {ENDPOINTS_VARIABLE, "MOBILE_AI_SANDBOX"}


def test_running_sandbox_is_named(root):
    path = root / "build" / "sandbox" / "default" / "endpoints.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")

    shell = opened(root)

    assert shell.variables[ENDPOINTS_VARIABLE] == shell.endpoints == str(path)
    assert shell.variables["MOBILE_AI_SANDBOX"] == "1"


def test_sandbox_that_was_named_and_does_not_run_is_an_error_with_its_next_step(root):
    path = root / "build" / "sandbox" / "try" / "endpoints.json"

    with pytest.raises(GateError, match=r"Next: `mobile-ai sandbox up --name try`"):
        opened(root, path)
