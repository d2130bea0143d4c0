"""Each example runs as its README says, and is as small as it claims to be."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pulumi
import pytest

from tests.components.support import declare
from tests.examples.runs import EXAMPLES, ROOT, ask_edge, pack_rules, run

PYTHON = Path(sys.executable)
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
PROGRAMS = sorted(EXAMPLES.rglob("*.py"))
LONGEST = 40
SIGNED = ("models", "policy-pack", "usage", "releases")
CHECKOUT = ("Pulumi.yaml", "Pulumi.dev.yaml", "examples", *SIGNED)
WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_is_short_and_its_folder_says_how_to_run_it(path):
    assert len(path.read_text().splitlines()) <= LONGEST
    assert "pip install 'mobile-ai-delivery[" in (path.parent / "README.md").read_text()


def test_every_example_is_listed():
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"({path.parent.name}/)" in listed for path in PROGRAMS)


def test_a_program_of_its_own_uses_one_component():
    def program():
        pulumi.runtime.set_all_config({"mobile-ai:account": "111122223333"})
        runpy.run_path(str(EXAMPLES / "component"), run_name="__main__")

    engine = declare(program)

    assert engine.one("mobileai:index:Network").name == "network"
    assert engine.one("aws:ec2/securityGroup:SecurityGroup", "service").parent.endswith("dev")
    assert engine.of_type("aws:ec2/subnet:Subnet")


@pytest.mark.slow
def test_a_pack_of_its_own_has_every_rule_and_tests_its_own(tmp_path):
    assert "rego-rules-pass" in pack_rules(PYTHON, tmp_path, HERE)
    pack = shutil.copytree(EXAMPLES / "policy-pack", tmp_path / "pack")
    command = ("-m", "mobile_ai.cli.main", "policy", "test", "--pack", pack)
    done = run(
        *(PYTHON, *command, "--python", pack / "test_names.py"), folder=pack, environment=HERE
    )
    assert "2 tests, 0 failed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_a_device_updates_itself_as_its_page_says(tmp_path):
    page = (EXAMPLES / "device/README.md").read_text()
    script, told = re.findall(r"```(?:sh|text)\n(.*?)```", page, re.DOTALL)
    for name in CHECKOUT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for command in (["init", "--quiet"], ["add", "--all"], [*WHO, "commit", "--quiet", "-m", "a"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    path = f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"

    done = run("/bin/bash", "-euc", script, folder=tmp_path, environment={**HERE, "PATH": path})

    assert done.returncode == 0, done.stderr
    pattern = re.escape(told.strip()).replace(re.escape("..."), ".*")
    assert re.search(pattern, done.stdout), done.stdout


@pytest.mark.parametrize("arguments", [[], ["build", "nowhere", "device", "a", "b", "1.0", "x=y"]])
def test_a_device_that_installs_nothing_exits_with_an_error(tmp_path, arguments):
    (tmp_path / "nowhere").write_text("{}")
    path = EXAMPLES / "device/update.py"
    done = run(PYTHON, path, *arguments, folder=tmp_path, environment=HERE)
    assert done.returncode == 1
    assert "no model: " in done.stdout if arguments else "update.py RELEASES" in done.stderr


@pytest.mark.slow
def test_a_request_to_the_edge_server_is_answered(tmp_path):
    assert ask_edge(PYTHON, tmp_path, HERE).startswith("digits 1.1.0: ")
