"""Real programs through the real engine and our language host."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mobile_ai.gate.engine.engine_environment import config_bytes
from mobile_ai.stack.reader import StackFile
from tests.waiting import until

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[3]
_ESCAPED = """\
  mobile-ai:text: "a < b & c é"
  mobile-ai:list: [1, 2.5, true, "x < y", {deep: "é > e"}]
  mobile-ai:number: 12
  mobile-ai:yes: true
"""


def test_a_program_sees_its_configuration_and_its_outputs_come_back(project):
    """Plain and secret values arrive; a secret stays one on its way out."""
    made = project(
        "import pulumi\n"
        "config = pulumi.Config()\n"
        "pulumi.export('owner', config.require('owner'))\n"
        "pulumi.export('token', config.require_secret('token'))\n"
        "pulumi.export('where', [pulumi.get_stack(), pulumi.get_organization()])\n"
        "pulumi.export('dry', pulumi.runtime.is_dry_run())\n"
    )
    assert made.run("config", "set", "owner", "Ada", "--stack=dev").code == 0
    assert made.run("config", "set", "--secret", "token", "s3cr3t", "--stack=dev").code == 0

    ran = made.run("up", "--yes", "--skip-preview", "--stack=dev")

    assert ran.code == 0, ran.output
    assert 'owner: "Ada"' in ran.output
    assert "token: [secret]" in ran.output
    assert "s3cr3t" not in ran.output
    shown = made.run("stack", "output", "--stack=dev", "--json", "--show-secrets").output
    assert '"token": "s3cr3t"' in shown
    assert '"organization"' in shown
    assert '"dry": false' in shown


def test_a_program_prints_to_the_user(project):
    ran = project("print('hello from the program')").preview()

    assert ran.code == 0, ran.output
    assert "hello from the program" in ran.output


def test_an_exception_is_shown_with_the_programs_own_frames_only(project):
    """Once in the diagnostics, without a frame of the host or the executor."""
    ran = project("def deep():\n    raise ValueError('no such budget')\n\ndeep()\n").preview()

    assert ran.code != 0
    diagnostics = ran.output.partition("Diagnostics:")[2]
    assert diagnostics.count("ValueError: no such budget") == 1
    assert "in deep" in diagnostics
    assert "src/mobile_ai/sandbox/engine" not in ran.output
    assert "language-python-exec" not in ran.output


def test_an_exit_code_is_told(project):
    ran = project("import sys\nsys.exit(3)\n").preview()

    assert ran.code != 0
    assert "Program exited with code 3." in ran.output


def test_a_program_that_is_killed_is_told_by_signal(project):
    ran = project("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n").preview()

    assert ran.code != 0
    assert "Program was ended by SIGKILL." in ran.output


def test_a_missing_configuration_value_is_named(project):
    ran = project("import pulumi\npulumi.Config().require('owner')\n").preview()

    assert ran.code != 0
    assert "Missing required configuration variable 'demo:owner'" in ran.output


def test_a_value_of_the_wrong_type_is_named(project):
    made = project("import pulumi\npulumi.Config().require_int('limit')\n")
    made.configure(limit="many")

    ran = made.preview()

    assert ran.code != 0
    assert "demo:limit" in ran.output
    assert "many" in ran.output


def test_a_virtual_environment_that_is_not_there_is_named(project):
    made = project("")
    manifest = made.root / "program/Pulumi.yaml"
    manifest.write_text(
        "name: demo\nruntime:\n  name: python\n  options: {virtualenv: no-such-venv}\n"
    )

    ran = made.preview()

    assert ran.code != 0
    assert "virtualenv: no-such-venv" in ran.output
    assert "python3 -m venv" in ran.output
    assert "Traceback" not in ran.output


def test_an_interpreter_without_the_sdk_is_named_with_what_to_install(project):
    """The program's interpreter, not the host's, has to have it."""
    made = project("import pulumi\n")
    _empty_environment(made.root / "program/bare")
    (made.root / "program/Pulumi.yaml").write_text(
        "name: demo\nruntime:\n  name: python\n  options: {virtualenv: bare}\n"
    )

    ran = made.preview()

    assert ran.code != 0
    assert "cannot import pulumi" in ran.output
    assert "program/bare/bin/python -m pip install pulumi" in ran.output
    assert "Traceback" not in ran.output


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_everything_quietly(project, running, left_running, kind):
    """The engine's output stays; no traceback of program or host, no process left."""
    process = _started(project, running)

    process.send_signal(kind)
    output, _ = process.communicate(timeout=120)

    assert process.returncode != 0
    assert "Traceback" not in output
    assert "KeyboardInterrupt" not in output
    assert left_running() == ""


def test_an_engine_that_is_killed_leaves_nothing_running(project, running, left_running):
    """The host sees its standard input close."""
    process = _started(project, running)

    process.kill()
    process.wait(timeout=120)
    process.stdout.close()

    assert left_running() == ""


def _started(project: Callable, running: Callable):
    """Start a preview that would take ten minutes and leaves a process of its own behind."""
    made = project(
        "import pathlib, subprocess, sys, time\n"
        "here = pathlib.Path(__file__).parent\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', str(here)])\n"
        "(here / 'started').touch()\n"
        "time.sleep(600)\n"
    )
    process = made.start("preview", "--stack=dev", made.pack("from time import sleep\n" + _PACK))
    until(lambda: (made.root / "program/started").exists() or process.poll() is not None)
    assert process.poll() is None, process.stdout.read()
    seen = running()
    for part in (
        "mobile_ai.sandbox.engine.host",
        "language-python-exec --",
        "pulumi.policy",
        "sleep(600)",
    ):
        assert part in seen
    return process


_PACK = """
from pulumi_policy import PolicyPack, ResourceValidationPolicy
PolicyPack("idle", [ResourceValidationPolicy("never", "Never.", lambda args, report: None)])
"""


def _empty_environment(folder: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {Path(sys._base_executable).parent}\n")
    (folder / "bin/python").symlink_to(sys._base_executable)


def test_the_gate_counts_the_configuration_as_the_engine_hands_it_over(project):
    """Prod's whole stack file, and the texts that Go escapes."""
    stack_file = (ROOT / "Pulumi.prod.yaml").read_text() + _ESCAPED
    made = project(
        "import os, pathlib\npathlib.Path('seen').write_text(os.environ['PULUMI_CONFIG'])"
    )
    path = made.root / "program" / "Pulumi.dev.yaml"
    path.write_text(path.read_text() + stack_file)

    assert made.preview().code == 0

    texts = json.loads((made.root / "program" / "seen").read_text())
    handed = config_bytes(texts)  # of texts only, so that nothing is left to be turned into one
    assert config_bytes(StackFile.parse(stack_file, name="Pulumi.prod.yaml").config) == handed
