"""A whole run around an engine that is a script: what it is asked, where, with which variables."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from mobile_ai.gate.engine import pack
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.run import GateOptions, run_gate
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.reader import StackFile
from tests.gate.support import STACK_TEXT, STREAMS

_ENGINE = """\
#!{python}
import json, os, pathlib, sys
arguments = sys.argv[1:]
home = pathlib.Path({folder!r})
with (home / "asked.jsonl").open("a") as log:
    log.write(json.dumps([arguments, os.getcwd(), dict(os.environ)]) + "\\n")
if arguments == ["version"]:
    print("v3.300.0")
elif arguments[:2] == ["stack", "init"]:
    pathlib.Path("Pulumi.dev.yaml").write_text("encryptionsalt: v1:salt\\n")
    state = pathlib.Path(os.environ["PULUMI_BACKEND_URL"].removeprefix("file://"))
    (state / ".pulumi/stacks/p").mkdir(parents=True)
    (state / ".pulumi/stacks/p/dev.json").write_text("{{}}")
elif arguments[:2] == ["stack", "export"]:
    print(json.dumps({{"version": 3, "deployment": {{}}}}))
elif arguments[:1] == ["preview"]:
    print((home / "stream.jsonl").read_text(), end="")
"""


class Asked:
    """Calls that the fake engine received."""

    def __init__(self, folder: Path) -> None:
        lines = (folder / "asked.jsonl").read_text().splitlines()
        self.calls = [json.loads(line) for line in lines]

    def one(self, *words):
        (found,) = [call for call in self.calls if call[0][: len(words)] == list(words)]
        return found


@pytest.fixture
def engine(tmp_path):
    folder = tmp_path / "engine"
    folder.mkdir()
    for name in ("pulumi", "pulumi-language-python"):
        script = folder / name
        script.write_text(_ENGINE.format(python=sys.executable, folder=str(folder)))
        script.chmod(0o755)
    shutil.copy(STREAMS / "passed.jsonl", folder / "stream.jsonl")
    return folder


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "policy-pack").mkdir(parents=True)
    (root / "policy-pack" / "PulumiPolicy.yaml").write_text("name: p\nversion: 0.1.0\n")
    (root / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    (root / "Pulumi.dev.yaml").write_text(STACK_TEXT)
    return root


def asked_by(engine, project, **options):
    ambient = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "MOBILE_AI_PULUMI": str(engine / "pulumi"),
        "PULUMI_OPTION_TARGET": "somewhere",
        "AWS_PROFILE": "mine",
        "KUBECONFIG": "/mine",
        **options.pop("ambient", {}),
    }
    report = run_gate(GateOptions(stack="dev", folder=project, ambient=ambient, **options))
    return report, Asked(engine)


def test_sandbox_run_asks_with_the_pack_and_a_copy_of_the_stack_file(engine, project):
    _, asked = asked_by(engine, project)
    arguments, folder, _ = asked.one("preview")
    assert folder == str(project)
    assert f"--policy-pack={project / 'policy-pack'}" in arguments
    assert f"--config-file={project / 'build' / 'stacks' / 'Pulumi.dev.yaml'}" in arguments
    assert "--stack=dev" in arguments


def test_sandbox_run_has_nothing_of_the_callers_cloud(engine, project):
    _, asked = asked_by(engine, project, ambient={"PULUMI_BACKEND_URL": "s3://mine"})
    variables = asked.one("preview")[2]
    assert not {"AWS_PROFILE", "KUBECONFIG", "PULUMI_OPTION_TARGET"} & set(variables)
    assert variables["PULUMI_BACKEND_URL"] == (project / "build" / "state").as_uri()
    assert variables["PULUMI_HOME"] == str(project / "build" / "pulumi-home")


def test_stack_file_in_git_stays_as_it_is(engine, project):
    asked_by(engine, project)
    assert (project / "Pulumi.dev.yaml").read_text() == STACK_TEXT
    copy = (project / "build" / "stacks" / "Pulumi.dev.yaml").read_text()
    assert copy == f"{STACK_TEXT}encryptionsalt: v1:salt\n"


def test_state_is_made_once(engine, project):
    asked_by(engine, project)
    _, asked = asked_by(engine, project)
    asked.one("stack", "init")


def test_run_on_a_cloud_uses_what_the_caller_has(engine, project):
    _, asked = asked_by(engine, project, cloud="aws", ambient={"PULUMI_BACKEND_URL": "s3://mine"})
    arguments, _, variables = asked.one("preview")
    assert f"--config-file={project / 'Pulumi.dev.yaml'}" in arguments
    assert variables["AWS_PROFILE"] == "mine"
    assert variables["PULUMI_BACKEND_URL"] == "s3://mine"
    assert "PULUMI_OPTION_TARGET" not in variables
    assert "PULUMI_CONFIG_PASSPHRASE" not in variables
    assert not (project / "build" / "pulumi-home").exists()


def test_run_on_a_cloud_without_a_named_backend_uses_the_login(engine, project):
    _, asked = asked_by(engine, project, cloud="aws")
    assert "PULUMI_BACKEND_URL" not in asked.one("preview")[2]


def test_run_on_a_cloud_needs_an_official_engine(engine, project):
    (engine / "build.json").write_text("{}")
    with pytest.raises(GateError, match="expected an official Pulumi release"):
        asked_by(engine, project, cloud="aws")


@pytest.mark.parametrize(("kib", "warned"), [(1, False), (100, True), (200, True)])
def test_configuration_near_what_an_account_takes_is_told_in_the_sandbox(
    engine, project, kib, warned
):
    lengthen(project, kib)
    warnings = asked_by(engine, project)[0].warnings
    assert any("of 128 KiB. Next: move" in text for text in warnings) is warned


def test_stack_file_and_pack_settings_are_read_once(engine, project, monkeypatch):
    read = []
    parse, load = StackFile.parse, pack.load_setting
    monkeypatch.setattr(
        StackFile, "parse", lambda text, *, name: read.append(name) or parse(text, name=name)
    )
    monkeypatch.setattr(
        pack, "load_setting", lambda *args, **more: read.append("pack") or load(*args, **more)
    )
    asked_by(engine, project)
    assert sorted(read) == ["Pulumi.dev.yaml", "pack"]


def test_configuration_that_an_account_does_not_take_never_reaches_its_engine(engine, project):
    lengthen(project, 100)
    assert asked_by(engine, project, cloud="aws")[0].warnings
    (engine / "asked.jsonl").unlink()
    lengthen(project, 200)
    with pytest.raises(GateError, match=r"got a configuration of 200\.\d KiB"):
        asked_by(engine, project, cloud="aws")
    assert not (engine / "asked.jsonl").exists()


def lengthen(project, kib):
    (project / "Pulumi.dev.yaml").write_text(f"{STACK_TEXT}  mobile-ai:x: {'x' * kib * 1024}\n")


def test_report_says_which_providers_answered(engine, project):
    assert asked_by(engine, project)[0].engine.providers == "stand-in"
    (engine / "asked.jsonl").unlink()
    assert asked_by(engine, project, cloud="aws")[0].engine.providers == "official"


def test_recorded_pass_of_other_rules_is_no_pass(engine, project):
    """Replayed events cannot replace the rules of this repository."""
    report, _ = asked_by(engine, project)
    assert report.verdict == "undecided"
    assert any("did not run" in item for item in report.doubts)


def test_engine_that_says_nothing_is_no_pass(engine, project):
    (engine / "stream.jsonl").write_text("")
    report, _ = asked_by(engine, project)
    assert report.exit_code == 2
    assert report.doubts == ("The engine sent no event: no rule is known to have run.",)


def test_pack_that_changes_while_it_runs_is_no_pass(engine, project):
    script = (engine / "pulumi").read_text()
    edit = f"    pathlib.Path({str(project / 'policy-pack' / 'new.py')!r}).touch()\n"
    (engine / "pulumi").write_text(script + edit)
    report, _ = asked_by(engine, project)
    assert any("changed while it ran" in item for item in report.doubts)


def test_folder_below_the_project_will_do(engine, project):
    below = project / "models" / "digits"
    below.mkdir(parents=True)
    report, _ = asked_by(engine, below)
    assert report.stack == "dev"


def test_folder_outside_of_a_project_is_refused(engine, tmp_path):
    with pytest.raises(GateError, match=r"got no Pulumi\.yaml here or above"):
        asked_by(engine, tmp_path)


def test_stack_without_a_file_is_refused_with_those_that_have_one(project):
    with pytest.raises(StackFileError, match=r"^Pulumi\.nope\.yaml: got no such .* stacks: dev\."):
        run_gate(GateOptions(stack="nope", folder=project))
