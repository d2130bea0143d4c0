"""The processes that the host starts, and how they end."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sandbox.engine.host.long import startable

__all__ = ["Children", "HostClosing", "describe_exit"]

_GRACE_SECONDS = 2.0  # the engine kills the host 5 s after it asked it to stop


class HostClosing(Exception):  # noqa: N818 - not a fault: the engine asked for the end
    """No process is started any more."""


class Children:
    """All running children, so that none outlives the host.

    They stay in the host's process group: when the engine loses patience, it kills that group.
    """

    def __init__(self, *, own_group: bool = False) -> None:
        """Start with none.

        Args:
            own_group: Whether the process group of this process is its own alone, so that all of
                it may be ended.
        """
        self._own_group = own_group
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closing = False

    @property
    def closing(self) -> bool:
        """Whether the host is ending its children."""
        return self._closing

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, piped: bool
    ) -> "subprocess.Popen[bytes]":
        """Start a process.

        Args:
            command: A Python with `-u`, and what it runs.
            env: Its whole environment.
            cwd: Where it runs.
            piped: Whether its output is read here; else it goes where the host's goes.

        Raises:
            HostClosing: The host is stopping.
            OSError: It cannot be started.
        """
        stream = subprocess.PIPE if piped else None
        with self._lock, startable(command, env) as (arguments, variables, files):
            if self._closing:
                raise HostClosing
            child = subprocess.Popen(
                arguments,
                env=variables,
                pass_fds=files,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
            self._running.add(child)
        return child

    def wait(self, child: "subprocess.Popen[bytes]") -> int:
        """Wait for `child` and return its exit code, negative for a signal."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def end(self, *children: "subprocess.Popen[bytes]") -> None:
        """End `children`: SIGTERM, which Python obeys without a traceback, then SIGKILL."""
        for child in children:
            child.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in children:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def end_all(self) -> None:
        """End every child, and what the children started, and start none again."""
        with self._lock:
            self._closing = True
            running = tuple(self._running)
        # Whatever a program started is in the group too, and would answer the engine's SIGINT
        # with a traceback. `closing` makes the host itself ignore this signal.
        if self._own_group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(0, signal.SIGTERM)
        self.end(*running)


def describe_exit(code: int) -> str:
    """Say how a process ended.

    >>> describe_exit(3), describe_exit(-9)
    ('exited with code 3', 'was ended by SIGKILL')
    """
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
