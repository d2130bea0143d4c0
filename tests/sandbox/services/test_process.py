"""Processes of a sandbox, as the kernel reports those that end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mobile_ai.sandbox.services.ports import is_free
from mobile_ai.sandbox.services.process import Record, is_alive, start, stop
from tests.waiting import until

# The first thread ends, another one keeps the process and its listening port.
_FIRST_THREAD_ENDS = """
import ctypes, pathlib, socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=threading.Event().wait).start()
pathlib.Path(sys.argv[1]).write_text(str(listener.getsockname()[1]))
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux calls such a process a zombie")
def test_a_process_whose_first_thread_ended_runs_until_its_port_is_free(tmp_path: Path):
    port_file = tmp_path / "port"
    record = start(
        [sys.executable, "-c", _FIRST_THREAD_ENDS, str(port_file)],
        log=tmp_path / "log",
        cwd=tmp_path,
        env=dict(os.environ),
    )
    port = int(until(lambda: port_file.exists() and port_file.read_text()))
    until(lambda: psutil.Process(record.pid).status() == psutil.STATUS_ZOMBIE)

    assert is_alive(record)
    assert not is_free(port)

    assert stop(record, patience_seconds=30)
    assert is_free(port)
    assert not is_alive(record)


def test_a_process_that_only_waits_to_be_reaped_has_ended():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    record = Record(pid=child.pid, started=psutil.Process(child.pid).create_time())
    assert is_alive(record)

    child.send_signal(signal.SIGKILL)

    until(lambda: not is_alive(record))
    assert psutil.pid_exists(child.pid)  # nobody has reaped it
    child.communicate()
