"""The parts of the language host that decide something by themselves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2 as analyzer
from pulumi.runtime.proto import language_pb2 as language

from mobile_ai.sandbox.engine.host.analyzer import stack_environment
from mobile_ai.sandbox.engine.host.interpreter import InterpreterError, choose
from mobile_ai.sandbox.engine.host.long import LONGEST
from mobile_ai.sandbox.engine.host.packages import Plugin, distributions, plugins
from mobile_ai.sandbox.engine.host.process import Children, HostClosing
from mobile_ai.sandbox.engine.host.program import executor_arguments, executor_environment
from mobile_ai.sandbox.engine.host.serve import parse_arguments


def _venv(folder: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.12.4\n")
    (folder / "bin/python").write_text("#!/bin/sh\nexit 7\n")
    (folder / "bin/python").chmod(0o755)
    (folder / "lib/python3.12/site-packages").mkdir(parents=True)
    return folder


def test_without_an_option_the_hosts_own_interpreter_runs_programs(tmp_path):
    assert choose(tmp_path, "").executable == Path(sys.executable)


def test_the_option_is_relative_to_the_project(tmp_path):
    _venv(tmp_path / "env")

    chosen = choose(tmp_path, "env")

    assert chosen.executable == tmp_path / "env/bin/python"
    assert chosen.version == "3.12.4"
    assert chosen.site_packages() == [str(tmp_path / "env/lib/python3.12/site-packages")]


def test_a_chosen_environment_is_activated(tmp_path):
    chosen = choose(tmp_path, str(_venv(tmp_path / "env")))

    env = chosen.environment({"PATH": "/usr/bin", "PYTHONHOME": "/elsewhere"})

    assert env == {
        "PATH": f"{tmp_path / 'env/bin'}:/usr/bin",
        "VIRTUAL_ENV": str(tmp_path / "env"),
    }


def test_an_interpreter_that_does_not_run_is_told(tmp_path):
    with pytest.raises(InterpreterError, match="does not run"):
        choose(tmp_path, str(_venv(tmp_path / "env"))).require(["pulumi"])


def test_plugins_are_those_of_installed_sdks_that_have_one(tmp_path):
    for name, described in {
        "pulumi_aws": {"resource": True, "name": "aws", "version": "7.51.1"},
        "pulumi_own": {"resource": True, "name": "own", "version": "v1.0.0", "server": "s"},
        "pulumi_policy": {"resource": False, "name": "policy", "version": "1.0.0"},
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pulumi-plugin.json").write_text(json.dumps(described))

    assert list(plugins([str(tmp_path)])) == [
        Plugin(name="aws", version="v7.51.1", server=""),
        Plugin(name="own", version="v1.0.0", server="s"),
    ]


def test_direct_dependencies_are_those_that_no_other_needs(tmp_path):
    for name, needs in {"Top_Thing": "low-thing>=1", "low.thing": None}.items():
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        requires = f"Requires-Dist: {needs}\n" if needs else ""
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}"
        )

    assert distributions([str(tmp_path)], transitive=False) == [("Top_Thing", "1.0")]
    assert len(distributions([str(tmp_path)], transitive=True)) == 2


def test_a_program_is_started_with_what_the_engine_asked():
    request = language.RunRequest(
        project="p",
        stack="dev",
        organization="o",
        pwd="/p",
        dryRun=True,
        parallel=16,
        monitor_address="127.0.0.1:1",
        args=["extra"],
        info=language.ProgramInfo(root_directory="/p", program_directory="/p", entry_point="."),
    )

    arguments = executor_arguments(request, engine_address="127.0.0.1:2", tracing="")

    pairs = dict(zip(arguments[:-2:2], arguments[1:-2:2], strict=True))
    assert pairs == {
        "--monitor": "127.0.0.1:1",
        "--engine": "127.0.0.1:2",
        "--project": "p",
        "--stack": "dev",
        "--organization": "o",
        "--root_directory": "/p",
        "--pwd": "/p",
        "--dry_run": "true",
        "--parallel": "16",
    }
    assert arguments[-2:] == ["/p", "extra"]


def test_configuration_and_secret_keys_travel_as_json():
    request = language.RunRequest(config={"p:a": "1"}, configSecretKeys=["p:a"])

    env = executor_environment(request, {"HOME": "/h"})

    assert env["HOME"] == "/h"
    assert json.loads(env["PULUMI_CONFIG"]) == {"p:a": "1"}
    assert json.loads(env["PULUMI_CONFIG_SECRET_KEYS"]) == ["p:a"]


@pytest.mark.parametrize(("dry_run", "text"), [(True, "true"), (False, "false")])
def test_a_pack_gets_the_stack_it_is_configured_for(dry_run, text):
    request = analyzer.AnalyzerStackConfigureRequest(
        stack="dev", project="p", organization="o", dry_run=dry_run, config={"p:a": "1"}
    )

    assert stack_environment(request.SerializeToString()) == {
        "PULUMI_CONFIG": '{"p:a": "1"}',
        "PULUMI_STACK": "dev",
        "PULUMI_PROJECT": "p",
        "PULUMI_ORGANIZATION": "o",
        "PULUMI_DRY_RUN": text,
    }


def test_a_pack_without_a_stack_gets_no_configuration():
    assert stack_environment(None) == {}


def test_the_engines_address_is_the_last_argument():
    settings = parse_arguments(["/exec", "--logtostderr", "-v=9", "127.0.0.1:5"])

    assert (settings.executor, settings.engine_address) == ("/exec", "127.0.0.1:5")


def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("mobile_ai.sandbox.engine.host.process._GRACE_SECONDS", 0.1)
    children, stubborn = Children(), "trap '' TERM; echo ready; while :; do sleep 1; done"
    child = children.start(["sh", "-c", stubborn], env={"PATH": "/bin"}, cwd=tmp_path, piped=True)
    assert child.stdout.readline() == b"ready\n"

    children.end_all()

    assert child.poll() == -9
    child.stdout.close()
    child.stderr.close()


def test_nothing_starts_once_the_host_is_closing(tmp_path):
    children = Children()
    children.end_all()

    with pytest.raises(HostClosing):
        children.start(["true"], env={}, cwd=tmp_path, piped=False)


def test_the_host_starts_without_the_whole_sdk():
    """Half of its start would go there; the SDK's own start imports the automation API."""
    code = (
        "import sys\n"
        "from mobile_ai.sandbox.proto_only_import import skip_sdk_start\n"
        "skip_sdk_start()\n"
        "import mobile_ai.sandbox.engine.host.serve\n"
        "print(*{'pulumi.automation', 'pulumi.resource', 'rich'} & set(sys.modules))\n"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"


def test_a_host_on_its_own_prints_a_port_and_ends_on_end_of_input(tmp_path):
    host = subprocess.Popen(
        [sys.executable, "-P", "-m", "mobile_ai.sandbox.engine.host", "/exec", "127.0.0.1:1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        process_group=0,
    )
    assert host.stdout.readline().strip().isdigit()

    _, said = host.communicate(timeout=120)

    assert host.returncode == 0
    assert said == b""


def test_a_signal_that_another_thread_takes_ends_the_host_too():
    """Python runs handlers in the main thread; that one has to be woken."""
    code = (
        "import signal, threading\n"
        "from mobile_ai.sandbox.engine.host.serve import _End\n"
        "end = _End()\n"
        "signal.signal(signal.SIGINT, lambda *_: end.set())\n"
        "take = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)\n"
        "threading.Timer(0.1, take).start()\n"
        "end.wait()\n"
        "print('ended')\n"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60)

    assert said == "ended\n"


@pytest.mark.parametrize("length", [10, LONGEST - len("LONG="), 200_000])
@pytest.mark.parametrize("as_module", [False, True])
def test_a_variable_of_any_length_reaches_a_program(tmp_path, length, as_module):
    (tmp_path / "told.py").write_text(
        "import os, sys\nprint(len(os.environ['LONG']), os.environ['SHORT'], sys.argv[1:])\n"
    )
    program = ["-m", "told"] if as_module else [str(tmp_path / "told.py")]
    children = Children()
    child = children.start(
        [sys.executable, "-u", *program, "a", "-b"],
        env={"LONG": "x" * length, "SHORT": "s"},
        cwd=tmp_path,
        piped=True,
    )
    out, err = child.communicate()

    assert (out.decode(), err) == (f"{length} s ['a', '-b']\n", b"")
