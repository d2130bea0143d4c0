"""Processes that outlive their command, identified by PID and start time."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

# Tolerance for clock adjustments, which shift start times; a reused PID differs by far more.
_SAME_START_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A process started by the sandbox.

    Attributes:
        pid: Its PID, which is also its session ID.
        started: Its start time in Unix seconds, which distinguishes it from a reused PID.
    """

    pid: int
    started: float


def start(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    user: str | None = None,
) -> Record:
    """Start a process in its own session, so that Ctrl-C in a terminal does not reach it.

    Args:
        command: The program and its arguments.
        log: File that its output is appended to.
        cwd: Its working directory.
        env: Its complete environment.
        user: Account to run as, for programs that refuse to run as root.

    Raises:
        OSError: It cannot be started.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=None if user is None else _group_of(user),
        )
    try:
        began = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:  # it has ended already, and nothing waits for it
        began = time.time()
    return Record(pid=process.pid, started=began)


def is_alive(record: Record) -> bool:
    """Return whether the recorded process itself is running."""
    return _process(record) is not None


def memory_bytes(record: Record) -> int:
    """Return the resident memory of a process and its descendants; shared pages count twice."""
    leader = _process(record)
    if leader is None:
        return 0
    total = 0
    for process in [leader, *leader.children(recursive=True)]:
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def stop(record: Record, *, patience_seconds: float, first: int = signal.SIGTERM) -> bool:
    """Stop the process and everything in its session; return whether anything was running.

    Remaining processes of a dead leader are included: the kernel does not reuse the ID of a session
    that still has members.

    Args:
        record: The process.
        patience_seconds: Time to exit before it is killed.
        first: First signal to send.
    """
    leader = _process(record)
    family = [*([leader] if leader else []), *_members(record)]
    if leader is not None:
        with suppress(psutil.Error):
            family += leader.children(recursive=True)
            leader.send_signal(first)
            leader.resume()  # a stopped process handles no other signal
        _wait(family, patience_seconds)
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    _wait(family, patience_seconds)
    return bool(family)


def _process(record: Record) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        if _has_exited(process):
            return None
        same = abs(process.create_time() - record.started) < _SAME_START_SECONDS
    except psutil.Error:
        return None
    return process if same else None


def _members(record: Record) -> Iterator[psutil.Process]:
    """Yield the processes of the recorded session, except its leader."""
    if psutil.pid_exists(record.pid) and not _process(record) and not _is_zombie(record.pid):
        return  # the PID, and with it the session, belongs to another process now
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if process.pid != record.pid and os.getsid(process.pid) == record.pid:
                yield process


def _is_zombie(pid: int) -> bool:
    try:
        return _has_exited(psutil.Process(pid))
    except psutil.Error:
        return False


def _has_exited(process: psutil.Process) -> bool:
    """Return whether a process only waits to be reaped.

    Its first thread may have ended before the others, which hold its files and ports until they
    have ended too: Linux calls such a process a zombie from the start (proc(5), `/proc/pid/task`).
    """
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE) and process.num_threads() <= 1
    except psutil.ZombieProcess:  # macOS tells nothing more of one
        return True


def _wait(processes: Sequence[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_is_running(one) for one in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _is_running(process: psutil.Process) -> bool:
    with suppress(psutil.Error, ChildProcessError):
        running = process.is_running() and not _has_exited(process)
        # Reaps children of this process only. Done after reading the status, so that a child that
        # exits in between is polled once more.
        with suppress(psutil.TimeoutExpired):
            process.wait(0)
        return bool(running)
    return False


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415  not on every system, and only asked for as root

    return pwd.getpwnam(user).pw_gid
