"""Leftovers of a killed run, and recovery by the next one."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.recovery import has_pending_operations, mend_state

GOOD = {"version": 3, "checkpoint": {"latest": {"resources": []}}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(root=tmp_path, stack="dev")


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def lock(project: Project, pid: int, host: str = "") -> Path:
    place = project.state / ".pulumi/locks/organization/mobile-ai/dev/one.json"
    return write(place, {"pid": pid, "hostname": host or socket.gethostname()})


def state(project: Project, content: object) -> Path:
    return write(project.state / ".pulumi/stacks/mobile-ai/dev.json", content)


def dead_pid() -> int:
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


@pytest.mark.fault("lock of a process that is gone")
def test_lock_of_a_process_that_is_gone_is_removed(project):
    path = lock(project, dead_pid())
    assert "removed the lock" in mend_state(project)[0]
    assert not path.exists()


@pytest.mark.fault("lock of a running process")
def test_lock_of_a_running_process_stays_and_stops_the_run(project):
    path = lock(project, os.getpid())
    with pytest.raises(GateError, match="wait until it ends"):
        mend_state(project)
    assert path.exists()


@pytest.mark.fault("lock of another machine")
def test_lock_of_another_machine_stays(project):
    path = lock(project, dead_pid(), host="elsewhere")
    with pytest.raises(GateError, match="elsewhere"):
        mend_state(project)
    assert path.exists()


@pytest.mark.fault("state cut off or damaged")
@pytest.mark.parametrize("damage", ["", "{", '{"version": 3, "check', "[]", "\x00\x00"])
def test_damaged_state_gives_way_to_the_copy_and_is_kept(project, damage):
    path = state(project, damage)
    write(path.with_name("dev.json.bak"), GOOD)
    assert "dev.json.bak" in mend_state(project)[0]
    assert json.loads(path.read_text()) == GOOD
    assert path.with_name("dev.json.damaged").read_text() == damage


@pytest.mark.fault("attributes of the state cut off")
def test_attributes_that_were_cut_off_are_removed_and_whole_ones_stay(project):
    path = state(project, GOOD)
    cut = write(path.with_name("dev.json.attrs"), "")
    whole = write(path.with_name("dev.json.bak.attrs"), {"user.content_type": "text/plain"})
    assert mend_state(project) == ["removed the attributes of dev.json, which were cut off"]
    assert (cut.exists(), whole.exists(), path.exists()) == (False, True, True)


@pytest.mark.fault("state and newest copy damaged")
def test_newest_copy_that_can_be_read_is_taken(project):
    path = state(project, "{")
    folder = project.state / ".pulumi/backups/mobile-ai/dev"
    for age, (name, content) in enumerate([("2", "{"), ("1", GOOD), ("0", {"version": 2})]):
        copy = write(folder / f"dev.{name}.json", content)
        os.utime(copy, (1000 - age, 1000 - age))
    mend_state(project)
    assert json.loads(path.read_text()) == GOOD


@pytest.mark.fault("state damaged, no copy")
def test_damaged_state_without_a_copy_says_what_to_do(project):
    path = state(project, "{")
    with pytest.raises(GateError, match="Next: put a copy"):
        mend_state(project)
    assert path.read_text() == "{"


def test_healthy_state_is_left_alone(project):
    path = state(project, GOOD)
    assert mend_state(project) == []
    assert json.loads(path.read_text()) == GOOD


def test_pending_operations_are_noticed(project):
    assert not has_pending_operations(project)
    state(project, {"checkpoint": {"latest": {"pending_operations": [{"type": "creating"}]}}})
    assert has_pending_operations(project)
