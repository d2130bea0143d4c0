"""Serves the language host until a signal arrives or the engine exits."""

import os
import signal
import stat
import sys
import threading
from collections.abc import Sequence
from concurrent import futures
from contextlib import suppress

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from mobile_ai.gobuild.pin import read_pin
from mobile_ai.sandbox.engine.host.process import Children
from mobile_ai.sandbox.engine.host.relay import CHANNEL_OPTIONS
from mobile_ai.sandbox.engine.host.service import HostSettings, LanguageHost
from mobile_ai.sandbox.engine.recipe import RECIPE

_THREADS = 16
_STDIN = 0


class _End:
    """The end of the host, which a signal handler or a thread announces to the main thread.

    The system hands a signal to any thread; Python runs the handler in the main thread, once that
    runs again. In the wait of an `Event` it would not, until the engine kills the host after 5 s.
    The wakeup descriptor is written by whichever thread takes the signal:
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """

    def __init__(self) -> None:
        """Let every signal wake the main thread, in which this is called."""
        self._come = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def set(self) -> None:
        """Announce the end."""
        self._come = True
        with suppress(BlockingIOError):  # full: the reader is about to look anyway
            os.write(self._write, b"\0")

    def wait(self) -> None:
        """Return once the end was announced."""
        while not self._come:
            os.read(self._read, 64)


def serve_host(arguments: Sequence[str], *, signals: Sequence[signal.Signals]) -> None:
    """Print a port, serve on it, and finally terminate all children.

    Args:
        arguments: Path of the executor, then the engine's arguments.
        signals: Signals that stop the host.
    """
    ending = _End()
    # The engine starts the host as the leader of a new process group.
    children = Children(own_group=os.getpgrp() == os.getpid())

    def end(number: int, _frame: object) -> None:
        # Ignores the signal that `end_all` sends to the process group.
        if not (number == signal.SIGTERM and children.closing):
            ending.set()

    for number in signals:
        signal.signal(number, end)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=CHANNEL_OPTIONS)
    host = LanguageHost(parse_arguments(arguments), children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Thread(target=_await_engine_end, args=(ending,), daemon=True).start()
    ending.wait()
    children.end_all()
    sys.stdout.flush()
    os._exit(0)  # without waiting for pending calls, as the caller is gone


def parse_arguments(arguments: Sequence[str]) -> HostSettings:
    """Return the settings of a command line; the engine's address follows any flags.

    >>> parse_arguments(["/exec", "--tracing", "file:/t", "127.0.0.1:5"]).tracing
    'file:/t'
    """
    executor, *flags = arguments
    tracing = flags[flags.index("--tracing") + 1] if "--tracing" in flags else ""
    address = flags[-1] if flags else ""
    return HostSettings(
        executor=executor,
        engine_address=address,
        tracing=tracing,
        version=read_pin(RECIPE).version,
    )


def _await_engine_end(ending: _End) -> None:
    # The engine holds the other end of this pipe, which closes even if the engine is killed;
    # nothing else would then stop the policy packs.
    if stat.S_ISFIFO(os.fstat(_STDIN).st_mode):
        while os.read(_STDIN, 1024):
            pass
        ending.set()
