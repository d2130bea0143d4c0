"""Runs a command, streams its output lines, and terminates it cleanly on Ctrl-C."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Ended", "capture", "run_lines"]

# The engine stops its plugins on the first interrupt; a process that outlasts this is stuck.
_GRACE_SECONDS = 15.0
_SHORT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Result of a finished process.

    Attributes:
        exit_code: Exit code; negative for a signal.
        errors: Standard error.
        seconds: Duration.
    """

    exit_code: int
    errors: str
    seconds: float


def run_lines(
    command: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str, float], None],
    on_start: Callable[[int], None] = lambda _: None,
) -> Ended:
    """Run a command and call `on_line` with each line and the seconds since the start.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: Complete environment.
        on_line: Called for each line, in this thread.
        on_start: Called with the process ID.

    Raises:
        KeyboardInterrupt: After the command and its children have been terminated.
    """
    started = time.monotonic()
    # Separate process group: otherwise a terminal's Ctrl-C would reach the engine in addition to
    # our signal, and it treats a second interrupt as a request to exit without cleanup.
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    )
    on_start(process.pid)
    errors: list[str] = []
    reader = threading.Thread(target=_drain, args=(process.stderr, errors), daemon=True)
    reader.start()
    try:
        for line in process.stdout or ():
            on_line(line, time.monotonic() - started)
        exit_code = process.wait()
    except BaseException:
        _end(process)
        raise
    reader.join(timeout=_GRACE_SECONDS)
    return Ended(exit_code=exit_code, errors="".join(errors), seconds=time.monotonic() - started)


def capture(
    command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str], given: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a short, non-interactive engine command and return its exit code and output.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: Complete environment.
        given: Standard input.

    Raises:
        subprocess.TimeoutExpired: It took longer than two minutes.
    """
    return subprocess.run(
        [*command, "--non-interactive"],
        cwd=folder,
        env=dict(environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=_SHORT_SECONDS,
        check=False,
    )


def _drain(stream: IO[str] | None, lines: list[str]) -> None:
    lines.extend(stream or ())


def _end(process: "subprocess.Popen[str]") -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        # Keep draining its pipe: a full pipe would block the process from exiting.
        threading.Thread(target=_discard, args=(process.stdout,), daemon=True).start()
        try:
            process.wait(timeout=_GRACE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue


def _discard(stream: IO[str] | None) -> None:
    for _ in stream or ():
        pass
