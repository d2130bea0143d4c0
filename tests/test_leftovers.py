"""A run that leaves a process fails, and the process is terminated."""

import subprocess
import sys

import psutil
import pytest

from tests.leftovers import end, left_by
from tests.waiting import until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.mark.parametrize("by", ["command", "folder"])
def test_a_process_of_the_folder_is_found_and_ended(tmp_path, by):
    (tmp_path / "data").mkdir()
    named, cwd = ([f"{tmp_path}/data"], None) if by == "command" else ([], tmp_path / "data")
    with subprocess.Popen([*SLEEP, *named], cwd=cwd) as process:
        # Popen returns a moment before the arguments of the new program can be read.
        until(lambda: psutil.Process(process.pid).cmdline())
        (found,) = left_by(tmp_path, patience=0)
        assert end([found])[0].startswith(f"pid {process.pid}: {sys.executable}")
        assert not found.is_running()


def test_a_process_of_another_folder_is_none_of_its_own(tmp_path):
    beside = tmp_path.with_name(f"{tmp_path.name}1")
    with subprocess.Popen([*SLEEP, str(beside)]) as process:
        until(lambda: psutil.Process(process.pid).cmdline())
        assert left_by(tmp_path, patience=0) == []
        process.kill()


def test_a_process_that_is_ending_has_the_time_to(tmp_path):
    brief = [sys.executable, "-c", "import time; time.sleep(0.3)", f"{tmp_path}/x"]
    with subprocess.Popen(brief):
        assert left_by(tmp_path, patience=20) == []
