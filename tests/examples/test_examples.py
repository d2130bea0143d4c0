"""Each example runs as its README says, and is as small as it claims to be."""

import os
import runpy
import sys
from pathlib import Path

import pulumi
import pytest

from tests.components.support import declare
from tests.examples.runs import EXAMPLES, ask_edge, pack_rules, run, run_device

PYTHON = Path(sys.executable)
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
PROGRAMS = sorted(EXAMPLES.rglob("*.py"))
LONGEST = 40


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
    done = run(
        *(PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path),
        EXAMPLES / "policy-pack/test_names.py",
        folder=tmp_path,
        environment=HERE,
    )
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_a_device_updates_itself_from_a_folder(tmp_path):
    told = run_device(PYTHON, tmp_path, HERE)
    assert told.startswith("installed: ")
    assert "runs 1.0.0 from " in told


@pytest.mark.slow
def test_a_request_to_the_edge_server_is_answered(tmp_path):
    assert ask_edge(PYTHON, tmp_path, HERE).startswith("digits 1.1.0: ")
