"""Processes that outlive the command that started them, known again by pid and start time."""

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

__all__ = ["Record", "is_alive", "memory_bytes", "start", "stop"]

# A clock that is set while a process runs shifts its start time; a recycled pid is minutes off.
_SAME_START_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A process that was started here.

    Attributes:
        pid: Its id, and that of its session.
        started: Its start time, seconds since 1970; another process with this pid has another one.
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
    """Start a process in a session of its own, so that Ctrl-C in a terminal does not reach it.

    Args:
        command: The program and its arguments.
        log: Where its output is appended.
        cwd: Its working directory.
        env: Its whole environment.
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
    """Tell whether the recorded process itself runs."""
    return _process(record) is not None


def memory_bytes(record: Record) -> int:
    """Return the resident memory of the process and what it started; shared parts count twice."""
    leader = _process(record)
    if leader is None:
        return 0
    total = 0
    for process in [leader, *leader.children(recursive=True)]:
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def stop(record: Record, *, patience_seconds: float, first: int = signal.SIGTERM) -> bool:
    """End the process and everything of its session; return whether anything ran.

    What its leader left behind counts too: no new process gets the id of a session that still has
    members.

    Args:
        record: The process.
        patience_seconds: Time to end by itself before it is killed.
        first: The signal that asks it to end.
    """
    leader = _process(record)
    family = [*([leader] if leader else []), *_members(record)]
    if leader is not None:
        with suppress(psutil.Error):
            family += leader.children(recursive=True)
            leader.send_signal(first)
            leader.resume()  # one that was stopped hears nothing else
        _wait(family, patience_seconds)
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    _wait(family, patience_seconds)
    return bool(family)


def _process(record: Record) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        same = abs(process.create_time() - record.started) < _SAME_START_SECONDS
    except psutil.Error:
        return None
    return process if same else None


def _members(record: Record) -> Iterator[psutil.Process]:
    """The processes of the recorded session, without its leader."""
    if psutil.pid_exists(record.pid) and not _process(record) and not _is_zombie(record.pid):
        return  # the pid is somebody else's now, and so is the session
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if process.pid != record.pid and os.getsid(process.pid) == record.pid:
                yield process


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _wait(processes: Sequence[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_is_running(one) for one in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _is_running(process: psutil.Process) -> bool:
    with suppress(psutil.Error, ChildProcessError):
        running = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        # Reaps a child of this process; others are somebody else's to reap. After the look at its
        # status: a child that ends between the two is then asked about once more.
        with suppress(psutil.TimeoutExpired):
            process.wait(0)
        return bool(running)
    return False


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415  not on every system, and only asked for as root

    return pwd.getpwnam(user).pw_gid
