"""Runs `mobile-ai` commands, each in a forked process, with faults that only a process can have.

Reads one JSON job a line from standard input and writes one JSON result a line. A job is ``argv``,
``cwd`` and optionally ``stop``: a signal and the number of the renames before which the process
sends it to itself. Root's right to write everywhere is given up first, so that the permissions of a
folder hold as they do for everybody.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
import tempfile
from pathlib import Path

import mobile_ai.cli.main as command
import mobile_ai.cli.models.model as models
from tests.model_build.versions import build_result, report_on

_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h


def _without_privileges() -> None:
    """Give up every capability: root's files are still root's, and modes hold for it."""
    if os.geteuid() == 0:
        header = struct.pack("=IiI", _CAPABILITY_VERSION_3, 0, 0)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.capset(header, bytes(24)):
            raise OSError(ctypes.get_errno(), "capset")


def _watch_renames(log: Path, stop: list[int] | None) -> None:
    """Log the target of each rename or link, and stop before a given one."""
    number = 0

    def watched(real):
        def move(source, target, *more, **named):
            nonlocal number
            number += 1
            if stop and number == stop[1]:
                signal.raise_signal(stop[0])
            done = real(source, target, *more, **named)
            with log.open("a") as file:
                file.write(f"{os.path.abspath(target)}\n")  # noqa: PTH100  as the process sees it
            return done

        return move

    os.replace, os.rename, os.link = map(watched, (os.replace, os.rename, os.link))


def _quick_build(folder: Path):
    """Stand in for minutes of training."""

    def maker(*_, **__):
        build = build_result(folder, version="9.0.0")
        return lambda: (build, report_on(build))

    return maker


def _child(job: dict, folder: Path) -> None:
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(job["cwd"])
    models.maker = _quick_build(folder / "work")
    (folder / "renames").touch()
    _watch_renames(folder / "renames", job.get("stop"))
    _without_privileges()
    command.main(job["argv"])


def _run(job: dict) -> dict:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            code = 1
            try:
                _child(job, folder)
                code = 0
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "said": (folder / "out").read_text() + (folder / "err").read_text(),
            "renames": (folder / "renames").read_text().splitlines(),
        }


def main() -> None:
    """Answer jobs until standard input ends."""
    import mobile_ai.cli.deploy.migrate  # noqa: PLC0415
    import mobile_ai.cli.deploy.roots  # noqa: PLC0415
    import mobile_ai.cli.models.trust  # noqa: PLC0415
    import mobile_ai.cli.money.cost  # noqa: PLC0415
    import mobile_ai.cli.records.record  # noqa: PLC0415
    import mobile_ai.cli.releases.release  # noqa: PLC0415
    import mobile_ai.gate.verdict.offline_check  # noqa: PLC0415, F401

    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
