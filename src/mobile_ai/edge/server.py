"""Assembles and runs the server, and shuts it down without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvicorn

from mobile_ai.edge.admission import Admission, KeyFile, ThrottleFile
from mobile_ai.edge.descriptors import cap_connections, raise_limit
from mobile_ai.edge.file_watcher import FileError, Watched
from mobile_ai.edge.grpc_server import RpcServer, start_grpc
from mobile_ai.edge.http import Connection
from mobile_ai.edge.inference_service import Front
from mobile_ai.edge.models import open_table
from mobile_ai.edge.rest import RestApp
from mobile_ai.edge.serving import ModelTable
from mobile_ai.edge.settings import ServerSettings
from mobile_ai.edge.sketches import Sketches
from mobile_ai.edge.tracing import Tracing, otlp

_LOG: Final = logging.getLogger("mobile_ai.edge.server")
_TURN: Final = 1.0  # seconds between checks of files, connections and calls
_SOON: Final = 0.02
_GRACE: Final = 5.0  # seconds added to the shutdown time of the settings
_SECOND_SIGNAL: Final = 3.0  # seconds after a second signal
_HUNG: Final = 70  # exit code of a process that hangs (EX_SOFTWARE of sysexits.h)


def make_front(settings: ServerSettings, table: ModelTable) -> Front:
    """Return the inference service that the settings describe.

    Raises:
        FileError: If a file that the settings name cannot be used: unreadable keys or throttle
            must not admit every client.
    """
    access = settings.access
    admission = Admission(
        keys=Watched(access.keys, KeyFile) if access.keys else None,
        quota=access.quota,
        throttle=(
            Watched(access.throttle, ThrottleFile, optional=access.throttle_may_come_later)
            if access.throttle
            else None
        ),
    )
    return Front(
        table,
        admission=admission,
        limits=settings.front_limits(),
        sketches=Sketches(settings.sketches) if settings.sketches else None,
        tracing=Tracing(otlp(settings.traces)) if settings.traces else None,
    )


def http_config(app: RestApp, settings: ServerSettings) -> uvicorn.Config:
    """Return uvicorn's configuration, without logging and headers that are not needed."""
    tls: dict[str, Any] = {}
    if settings.tls is not None:
        tls = {
            "ssl_certfile": settings.tls.certificate,
            "ssl_keyfile": settings.tls.key,
        }
        if settings.tls.client_ca is not None:
            tls |= {"ssl_ca_certs": settings.tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return uvicorn.Config(
        app,
        host=settings.listen.host,
        port=settings.listen.port,
        http=Connection,
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=settings.listen.idle_seconds,
        timeout_graceful_shutdown=settings.drain.finish_seconds,
        backlog=2048,
        **tls,
    )


class _Server(uvicorn.Server):  # type: ignore[misc]  # mypy skips uvicorn
    """uvicorn's server without its own signal handlers: `serve` first announces the shutdown."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`."""
        yield


async def serve(
    settings: ServerSettings,
    *,
    table: ModelTable | None = None,
    started: Callable[[int, int | None], object] = lambda _port, _grpc: None,
) -> None:
    """Serve until SIGTERM or SIGINT; a second signal exits immediately.

    Args:
        settings: The configuration.
        table: The models; by default those of the settings.
        started: Called with the ports when requests are accepted.

    Raises:
        FileError: If a mounted file cannot be used.
        OSError: If a port is in use.
    """
    settings = _within_limits(settings)
    table = open_table(settings.models) if table is None else table
    front = make_front(settings, table)
    server = _Server(http_config(RestApp(front, settings.http_limits()), settings))
    drain = settings.drain
    most = drain.announce_seconds + drain.finish_seconds + _GRACE
    leave = _leave_on_signals(server, seconds=most)
    rpc = await start_grpc(front, settings) if settings.listen.grpc_port is not None else None
    helpers = [
        asyncio.create_task(_load(table, server)),
        asyncio.create_task(_watch(front, server)),
        asyncio.create_task(_announce(leave, front, server, settings.drain.announce_seconds)),
        asyncio.create_task(_tell(server, rpc, started)),
    ]
    try:
        await server.serve()
    finally:
        await _close(front, rpc, helpers, settings.drain.finish_seconds)
    for helper in helpers:
        if not helper.cancelled() and helper.exception() is not None:
            raise helper.exception() or AssertionError


def _within_limits(settings: ServerSettings) -> ServerSettings:
    """Return the settings with connections capped to the limit of open files."""
    listen = settings.listen
    ports = 1 if listen.grpc_port is None else 2
    most = cap_connections(listen.connections, limit=raise_limit(), ports=ports)
    return settings.model_copy(update={"listen": listen.model_copy(update={"connections": most})})


def _leave_on_signals(server: _Server, *, seconds: float) -> asyncio.Event:
    """Return an event set by the first SIGTERM or SIGINT; the second one exits immediately.

    Args:
        server: The server to stop.
        seconds: Seconds after which the process exits even if something hangs.
    """
    leave, loop = asyncio.Event(), asyncio.get_running_loop()

    def on_signal() -> None:
        if leave.is_set():
            server.should_exit = server.force_exit = True
            _end_in_any_case(_SECOND_SIGNAL)
        else:
            _end_in_any_case(seconds)
        leave.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, on_signal)
    return leave


def _end_in_any_case(seconds: float) -> None:
    """Exit the process after a while: a hanging thread would keep it running forever."""

    def end() -> None:
        time.sleep(seconds)
        _LOG.error("shutdown timed out", extra={"seconds": seconds})
        os._exit(_HUNG)

    threading.Thread(target=end, name="end", daemon=True).start()


async def _announce(leave: asyncio.Event, front: Front, server: _Server, seconds: float) -> None:
    """On shutdown: report not ready while still serving, then stop."""
    await leave.wait()
    front.leaving = True
    _LOG.info("leaving", extra={"seconds": seconds})
    await asyncio.sleep(seconds)
    server.should_exit = True


async def _load(table: ModelTable, server: _Server) -> None:
    try:
        await table.start()
    except Exception:
        server.should_exit = True
        raise
    # The loaded models stay: `gc.freeze` spares every full collection tens of milliseconds.
    gc.collect()
    gc.freeze()
    _LOG.info("models started", extra={"models": [entry.name for entry in table.index()]})


async def _tell(
    server: _Server, rpc: RpcServer | None, started: Callable[[int, int | None], object]
) -> None:
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(_SOON)
    port = server.servers[0].sockets[0].getsockname()[1]
    _LOG.info("serving", extra={"port": port, "grpc_port": rpc.port if rpc else None})
    started(port, rpc.port if rpc else None)


async def _watch(front: Front, server: _Server) -> None:
    """Check mounted files, slow connections and hanging calls, once a second."""
    while True:
        await asyncio.sleep(_TURN)
        for connection in list(server.server_state.connections):
            connection.sweep(_TURN)
        for identity, lane in front.lanes():
            lane.expire()
            if lane.running_seconds() > front.limits.call:
                _end_hung(identity, lane.running_seconds())
        if front.sketches is not None:
            front.sketches.tick()
        admission = front.admission
        for watched in (admission.keys, admission.throttle):
            if watched is None:
                continue
            try:
                if watched.poll():
                    admission.apply()
                    _LOG.info("file changed", extra={"file": str(watched.path)})
            except FileError as error:
                _LOG.error(
                    "file refused; the previous content stays in force", extra={"why": str(error)}
                )


def _end_hung(identity: tuple[str, str, str], seconds: float) -> None:
    """Exit the process: a call in a thread cannot be stopped, and its clients were answered."""
    name, version, digest = identity
    facts = {"model": name, "version": version, "manifest": digest, "seconds": round(seconds, 1)}
    _LOG.critical("a call hangs; the process exits to be restarted", extra=facts)
    os._exit(_HUNG)


async def _close(
    front: Front, rpc: RpcServer | None, helpers: list[asyncio.Task[None]], seconds: float
) -> None:
    if rpc is not None:
        await rpc.stop(seconds)
    for helper in helpers:
        helper.cancel()
    await asyncio.gather(*helpers, return_exceptions=True)
    await front.table.close()
    if front.sketches is not None:
        front.sketches.flush()
    if front.tracing is not None:
        front.tracing.close()
    _LOG.info("ended")
