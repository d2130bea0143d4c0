"""Run the engine and hand over its lines while it runs; end it decently on Ctrl-C."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Ended", "run_lines"]

# The engine ends its plugins on the first interrupt; what does not end by then is stuck.
_GRACE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended.

    Attributes:
        exit_code: Its exit code; negative for a signal.
        errors: What it wrote to standard error.
        seconds: From its start to its end.
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
        folder: Where it runs.
        environment: All of its variables.
        on_line: Called from this thread, as the lines come.
        on_start: Called with the process id.

    Raises:
        KeyboardInterrupt: After the command and its children were ended.
    """
    started = time.monotonic()
    # A group of its own: a terminal's Ctrl-C would reach it beside ours, and the engine takes a
    # second interrupt as "leave everything and go".
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
        # Its pipe is read on: a full one would keep it from ending.
        threading.Thread(target=_discard, args=(process.stdout,), daemon=True).start()
        try:
            process.wait(timeout=_GRACE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue


def _discard(stream: IO[str] | None) -> None:
    for _ in stream or ():
        pass
