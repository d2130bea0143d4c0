"""`python -m tests.delivery.crash URL DEVICE WORK`: kill a client at every step of an update.

A step is a system call that changes the disk. For each, a process is forked that updates and is
killed by SIGKILL before the call, or in the middle of a write. The result must be a whole old or a
whole new model, and the next check must end with the new one.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from mobile_ai.delivery.client import Device, active_model, update
from tests.delivery.world import QUICK, answer

CALLS = ("open", "write", "fsync", "close", "replace", "unlink", "mkdir", "symlink", "ftruncate")


def device(url, folder):
    root = (folder / "root.json").read_bytes()
    return Device(
        folder=folder, root=root, url=url, app="camera", model="digits", app_version="2.0.0",
        place={"deviceClass": "mid-range"}, ring="general", limits=QUICK,
    )  # fmt: skip


def arm(fatal, steps):
    """Count calls that change the disk, and kill the process at one of them."""

    def wrap(name, real):
        def call(*arguments, **named):
            changes = name != "open" or arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if changes:
                steps.append(name)
            if changes and len(steps) == fatal:
                if name == "write":
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return call

    for name in CALLS:
        setattr(os, name, wrap(name, getattr(os, name)))


def run(url, folder, fatal):
    """Update in another process; return whether it was killed, and the steps if not."""
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        steps = []
        arm(fatal, steps)
        update(device(url, folder), run=answer)
        with os.fdopen(outlet, "w") as file:
            file.write(json.dumps(steps))
            file.flush()
            os._exit(0)
    os.close(outlet)
    with os.fdopen(inlet) as file:
        steps = file.read()
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), json.loads(steps) if steps else []


def main(url, start, work):
    """Print, for every step, the call and the state found afterwards."""
    start, work = Path(start), Path(work)
    tempfile.gettempdir()  # probed once, here, so that every child takes the same steps
    found = []
    steps = _fresh(url, start, work, 10**9)[1]
    for fatal, call in enumerate(steps, start=1):
        killed, _ = _fresh(url, start, work, fatal)
        left = active_model(device(url, work))
        whole = left.path is not None and left.path.read_bytes() == _model(start, left.version)
        healed = update(device(url, work), run=answer)
        now = active_model(device(url, work))
        found.append(
            {
                "step": fatal,
                "call": call,
                "killed": killed,
                "left": left.version,
                "whole": whole,
                "healed": healed.word in {"installed", "current"} and now.version == "1.1.0",
            }
        )
    print(json.dumps(found))


def _fresh(url, start, work, fatal):
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work, symlinks=True)
    return run(url, work, fatal)


def _model(start, version):
    return (start / f"expected-{version}").read_bytes()


if __name__ == "__main__":
    main(*sys.argv[1:])
