"""Real processes: start, look, kill, heal, stop. The AWS API and the CDN start in a second."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.endpoints import Endpoints
from mobile_ai.sandbox.services.lifecycle import SandboxOptions
from mobile_ai.sandbox.services.ports import is_free
from mobile_ai.sandbox.services.process import Record
from mobile_ai.sandbox.services.state import SandboxFolder
from tests.waiting import until

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]
WEB = SandboxOptions(only=("aws", "cdn"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Callable[..., SandboxFolder]]:
    made: list[SandboxFolder] = []

    def make(name: str = "default") -> SandboxFolder:
        made.append(SandboxFolder(tmp_path / "sandbox", name))
        return made[-1]

    yield make
    for one in made:
        lifecycle.down(one, progress=Quiet())


def _up(folder: SandboxFolder, wish: SandboxOptions = WEB) -> Endpoints:
    return lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())


def _states(folder: SandboxFolder) -> dict[str, str]:
    return {one.name: one.state for one in lifecycle.status(folder)}


def _pids(folder: SandboxFolder) -> dict[str, int]:
    return {one.name: one.pid for one in lifecycle.status(folder)}


def test_up_status_down(folder):
    here = folder()
    endpoints = _up(here)

    assert _states(here) == {"aws": "ready", "cdn": "ready"}
    assert Endpoints.read(here.endpoints) == endpoints
    assert all((here.logs / f"{name}.log").exists() for name in ("aws", "cdn"))

    pids = _pids(here)
    assert sorted(lifecycle.down(here, progress=Quiet())) == ["aws", "cdn"]
    assert not here.path.exists()
    until(lambda: not any(map(_runs, pids.values())))
    assert lifecycle.status(here) == []


def test_every_service_listens_on_loopback_only(folder):
    here = folder()
    _up(here)

    for pid in _pids(here).values():
        listening = [one.laddr.ip for one in psutil.Process(pid).net_connections() if not one.raddr]
        assert set(listening) == {"127.0.0.1"}


def test_a_second_up_changes_nothing(folder):
    here = folder()
    first, pids = _up(here), _pids(here)

    assert _up(here) == first
    assert _pids(here) == pids


def test_up_heals_what_was_killed_at_its_old_address(folder):
    here = folder()
    first, pids = _up(here), _pids(here)
    os.kill(pids["cdn"], signal.SIGKILL)
    until(lambda: _states(here)["cdn"] == "ended")

    assert _up(here) == first
    assert _states(here) == {"aws": "ready", "cdn": "ready"}
    assert _pids(here)["aws"] == pids["aws"]
    assert _pids(here)["cdn"] != pids["cdn"]


def test_up_restarts_what_runs_and_does_not_answer(folder):
    here = folder()
    _up(here)
    pids = _pids(here)
    os.kill(pids["cdn"], signal.SIGSTOP)

    _up(here)

    assert _states(here) == {"aws": "ready", "cdn": "ready"}
    until(lambda: not _runs(pids["cdn"]))


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(folder):
    here = folder()
    first = _up(here)
    os.kill(_pids(here)["cdn"], signal.SIGKILL)
    until(lambda: _states(here)["cdn"] == "ended")
    port = int(first.cdn.rsplit(":", 1)[-1])

    until(lambda: is_free(port))  # an outgoing connection of somebody may have it for a moment
    with socket.create_server(("127.0.0.1", port)):
        second = _up(here)

    assert second.cdn != first.cdn
    assert second.aws == first.aws
    assert _states(here)["cdn"] == "ready"


def test_two_sandboxes_run_side_by_side(folder):
    one, other = folder("one"), folder("other")
    wish = SandboxOptions(only=("aws",))
    here, there = _up(one, wish), _up(other, wish)
    lifecycle.down(one, progress=Quiet())

    assert here.aws != there.aws
    assert _states(other) == {"aws": "ready"}


def test_a_recycled_pid_is_not_killed(folder):
    """The recorded pid belongs to a process that was started at another time: ours is gone."""
    here = folder()
    _up(here, SandboxOptions(only=("aws",)))
    ours = _pids(here)["aws"]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        state = here.read()
        state.running["cdn"] = Record(pid=other.pid, started=time.time() - 3600)
        here.write(state)

        stopped = lifecycle.down(here, progress=Quiet())

        assert stopped == ["aws"]
        assert other.poll() is None
        other.kill()
    until(lambda: not _runs(ours))


def test_what_a_dead_leader_left_behind_is_stopped(folder, tmp_path):
    """A service that was killed may leave children; they are known by its session."""
    here = folder()
    here.make()
    script = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    leader = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    child = int((tmp_path / "child").read_text())
    state = lifecycle.SandboxState(account="1")
    started = psutil.Process(leader.pid).create_time()
    state.running["aws"] = Record(pid=leader.pid, started=started)
    here.write(state)
    leader.kill()
    leader.wait()

    assert lifecycle.down(here, progress=Quiet()) == ["aws"]
    until(lambda: not _runs(child))


def test_a_service_that_ends_at_once_is_told_with_its_last_words(folder, monkeypatch):
    def broken(places):
        code = "import sys; print('no such disk'); sys.exit(3)"
        return replace(original(places), command=(sys.executable, "-c", code))

    from mobile_ai.sandbox.services import catalogue  # noqa: PLC0415

    original = catalogue.cdn_service
    monkeypatch.setattr(catalogue, "cdn_service", broken)
    here = folder()

    with pytest.raises(SandboxError, match=r"cdn did not start: got it ended") as caught:
        _up(here)

    assert "no such disk" in str(caught.value)
    assert str(here.logs / "cdn.log") in str(caught.value)
    assert _states(here) == {}


def test_another_account_needs_another_sandbox(folder):
    here = folder()
    _up(here, SandboxOptions(only=("aws",)))

    with pytest.raises(SandboxError, match="runs for another AWS account: got 444455556666"):
        _up(here, SandboxOptions(only=("aws",), account="444455556666"))


def test_the_aws_api_answers_for_the_account(folder):
    import boto3  # noqa: PLC0415

    endpoints = _up(folder(), SandboxOptions(only=("aws",), account="444455556666"))
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = boto3.client("sts", endpoint_url=endpoints.aws, region_name="eu-central-1", **keys)

    assert client.get_caller_identity()["Account"] == "444455556666"


def test_a_damaged_state_is_told_and_nothing_is_killed(folder):
    here = folder()
    here.make()
    (here.path / "state.json").write_text("{")

    with pytest.raises(SandboxError, match=r"state\.json is damaged"):
        lifecycle.status(here)
    (here.path / "state.json").unlink()


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a", "a" * 33])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path, name):
    with pytest.raises(SandboxError, match="Not a name for a sandbox"):
        SandboxFolder(tmp_path, name)


def test_an_unknown_service_is_told_with_the_known_ones(folder):
    with pytest.raises(SandboxError, match="expected some of aws, kubernetes, mlflow, cdn"):
        _up(folder(), SandboxOptions(only=("s3",)))


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Path]:
    """A folder to call the command in; what it may leave there is stopped."""
    yield tmp_path
    lifecycle.down(SandboxFolder(tmp_path / "build/sandbox", "default"), progress=Quiet())


def test_the_command_is_interrupted_without_leaving_anything(beside):
    """Ctrl-C while services start: the command stops what it started."""
    command = [
        sys.executable,
        "-m",
        "mobile_ai.cli.main",
        "sandbox",
        "up",
        "--only",
        "cdn",
        "--only",
        "aws",
    ]
    process = subprocess.Popen(
        command,
        cwd=beside,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    state = beside / "build/sandbox/default/state.json"
    until(lambda: state.exists() and json.loads(state.read_text())["running"])
    running = json.loads(state.read_text())["running"]

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)

    if process.returncode == 0:
        pytest.skip("the services were ready before the interrupt came")
    assert process.returncode == 130
    assert "Traceback" not in said
    assert json.loads(state.read_text())["running"] == {}
    until(lambda: not any(_runs(one["pid"]) for one in running.values()))


def test_the_commands_speak_json(tmp_path):

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mobile_ai.cli.main", "sandbox", *arguments, "--json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    up, status = run("up", "--only", "aws"), run("status")
    down, after = run("down"), run("status")

    assert json.loads(up.stdout)["aws"].startswith("http://127.0.0.1:")
    assert [one["state"] for one in json.loads(status.stdout)] == ["ready"]
    assert json.loads(down.stdout)["stopped"] == ["aws"]
    assert (after.returncode, json.loads(after.stdout)) == (1, [])


def _runs(pid: int) -> bool:
    """A process that has ended keeps its pid until its parent asks how."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
