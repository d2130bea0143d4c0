"""Runs a command, streams its output lines, and terminates it cleanly on Ctrl-C."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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


class Running:
    """A started command, read line by line.

    Attributes:
        pid: Its process ID.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Read its standard error from now on, so that a full pipe does not block it."""
        self.pid = process.pid
        self._process = process
        self._started = time.monotonic()
        self._errors: list[str] = []
        self._reader = threading.Thread(
            target=_drain, args=(process.stderr, self._errors), daemon=True
        )
        self._reader.start()

    def lines(self) -> Iterator[tuple[str, float]]:
        """Yield each output line with the seconds since the start."""
        for line in self._process.stdout or ():
            yield line, time.monotonic() - self._started

    def wait(self) -> Ended:
        """Return the result, once the output was read."""
        exit_code = self._process.wait()
        self._reader.join(timeout=_GRACE_SECONDS)
        return Ended(
            exit_code=exit_code,
            errors="".join(self._errors),
            seconds=time.monotonic() - self._started,
        )


@contextmanager
def running(
    command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str]
) -> Iterator[Running]:
    """Start a command, and terminate it and its children if the block fails or is interrupted.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: Complete environment.
    """
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
    try:
        yield Running(process)
    except BaseException:
        _end(process)
        raise


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
