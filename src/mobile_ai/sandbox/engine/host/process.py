"""Child processes of the host and their termination."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mobile_ai.sandbox.engine.host.long import startable

_GRACE_SECONDS = 2.0  # the engine kills the host 5 s after its request to stop


class HostClosing(Exception):  # noqa: N818 - not a fault: the engine asked for the end
    """The host is stopping and starts no more processes."""


class Children:
    """All running children, so that none outlives the host.

    They stay in the host's process group, which the engine kills after a timeout.
    """

    def __init__(self, *, own_group: bool = False) -> None:
        """Start without children.

        Args:
            own_group: Whether this process leads its own process group, so that the whole group may
                be terminated.
        """
        self._own_group = own_group
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closing = False

    @property
    def closing(self) -> bool:
        """True while the host terminates its children."""
        return self._closing

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path, piped: bool
    ) -> "subprocess.Popen[bytes]":
        """Start a process.

        Args:
            command: A Python with `-u`, and the module or script.
            env: Its complete environment.
            cwd: Its working directory.
            piped: Read its output here instead of inheriting the host's.

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
        """Terminate `children` by SIGTERM, which Python obeys without a traceback, then SIGKILL."""
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
        """Terminate all children and their descendants, and start no more."""
        with self._lock:
            self._closing = True
            running = tuple(self._running)
        # Processes started by a program are in the group too, and would react to the engine's
        # SIGINT with a traceback. `closing` makes the host itself ignore this signal.
        if self._own_group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(0, signal.SIGTERM)
        self.end(*running)


def describe_exit(code: int) -> str:
    """Return a description of an exit code.

    >>> describe_exit(3), describe_exit(-9)
    ('exited with code 3', 'was ended by SIGKILL')
    """
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
