"""HTTP endpoint on uvicorn, with a fast path for inference.

uvicorn starts a task for each request and exchanges ASGI messages with it. An inference request
needs neither: its body is collected, passed to
:class:`mobile_ai.edge.inference_service.Front`, and the answer is written in one piece when it is
ready. Parsing (httptools), keep-alive, pipelining, flow control and shutdown stay uvicorn's; every
other request takes uvicorn's path through the ASGI application, which gives the same answers.

The class that this one extends is not documented by uvicorn, so the extra ``edge`` bounds uvicorn's
version. ``tests/edge/test_http_base.py`` names what is relied on, for whoever raises the bound.

Also here are limits against hostile clients that uvicorn lacks: of the size of headers, of the
time for a request to arrive, and of the number of connections.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mobile_ai.edge.errors import INTERNAL, TOO_LARGE, UNAVAILABLE, RefusedError
from mobile_ai.edge.http_response import Head, refusal
from mobile_ai.edge.inference_service import Front
from mobile_ai.edge.limits import HttpLimits
from mobile_ai.edge.paths import infer_target

_MAX_SILENT_BYTES: Final = 32_768  # of headers, trailers, chunk extensions, empty lines
_PROGRESS: Final = 16_384  # bytes that a slow reader must read within the arrival timeout
_LOG: Final = logging.getLogger("mobile_ai.edge.http")


class _NoEvent:
    """Stub of the event with which uvicorn wakes a task; the fast path has none."""

    def set(self) -> None:
        """Ignore the call: there is no task to wake."""


_NOBODY: Final = _NoEvent()


class _Direct:
    """A request on the fast path; has the attributes that uvicorn reads from a request cycle."""

    __slots__ = (
        "_connection",
        "_parts",
        "_size",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "target",
    )
    message_event = _NOBODY

    def __init__(
        self, connection: Any, target: tuple[str, str | None], *, keep_alive: bool
    ) -> None:
        self._connection, self.target, self.keep_alive = connection, target, keep_alive
        self._parts: list[bytes] = []
        self._size = 0
        self.more_body, self.response_complete, self.disconnected = True, False, False

    def add(self, part: bytes, most: int) -> bool:
        """Append a part of the body; return false if it becomes too large."""
        self._size += len(part)
        if self._size > most:
            self._parts.clear()
            return False
        self._parts.append(part)
        return True

    def body(self) -> bytes:
        """Return the whole body; without a copy if it arrived in one part."""
        return b"".join(self._parts)

    def respond(self, head: Head, body: bytes) -> None:
        """Write the answer and let the connection continue."""
        if self.disconnected or self.response_complete:
            return
        connection = self._connection
        self.response_complete = True
        if self.keep_alive:
            connection.transport.write(head.block + body)
        else:
            connection.transport.write(head.block[:-2] + b"connection: close\r\n\r\n" + body)
            connection.transport.close()
        connection.on_response_complete()


_TOO_LARGE: Final = refusal(RefusedError(TOO_LARGE, "body: got more bytes than are accepted"))
_DEFECT: Final = refusal(RefusedError(INTERNAL, "server: failed"))


class Connection(HttpToolsProtocol):  # type: ignore[misc]  # mypy skips uvicorn
    """A client's connection; uvicorn gives each a :class:`mobile_ai.edge.rest.RestApp`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Pass uvicorn's arguments on."""
        super().__init__(*arguments, **named)
        self._front: Front = self.app.front
        self._limits: HttpLimits = self.app.limits
        self._in_headers = False
        self._silent_bytes = 0  # since the last byte of a body, or the last request
        self._requests = 0
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.cycle: Any = None
        self._marked: object = self
        self._turns = 0.0  # seconds without a change

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Accept the connection, or refuse it if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            head, body = refusal(
                RefusedError(UNAVAILABLE, "server: has too many connections", retry_after=1)
            )
            transport.write(head.block + body)
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Parse data; bound the bytes outside of bodies, which cost memory or time."""
        if self.transport.is_closing():
            return
        self._silent_bytes += len(data)
        super().data_received(data)
        if self._silent_bytes > _MAX_SILENT_BYTES:
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; drop trailers, which are not used."""
        if self._in_headers:
            super().on_header(name, value)

    def on_message_begin(self) -> None:
        """Reset the state of the fast path; uvicorn's path resets its own when it is taken."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._in_headers = True
        self._requests += 1

    def on_headers_complete(self) -> None:
        """Choose between the fast path and uvicorn's."""
        self._in_headers = False
        target = infer_target(self.url)
        if (
            target is None
            or self.expect_100_continue
            or self.flow.write_paused  # uvicorn's way waits for slow readers
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.parser.get_method() != b"POST"
            or self.parser.should_upgrade()
        ):
            self._usual_way()
            return
        keep_alive = (
            self.parser.get_http_version() != "1.0"
            and self.parser.should_keep_alive()
            and not self._front.leaving  # the client moves before the connection ends under it
        )
        self.cycle = _Direct(self, target, keep_alive=keep_alive)
        stranger = self._front.stranger(self.headers)
        if stranger is not None:  # before its body is read
            self.cycle.keep_alive = False
            self.cycle.respond(*stranger)

    def _usual_way(self) -> None:
        url, headers, expected = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expected
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        self._silent_bytes = 0
        cycle = self.cycle
        if type(cycle) is not _Direct:
            super().on_body(body)
        elif not cycle.response_complete and not cycle.add(body, self._limits.body_bytes):
            cycle.keep_alive = False
            cycle.respond(*_TOO_LARGE)

    def on_message_complete(self) -> None:
        """Serve a request on the fast path."""
        self._silent_bytes = 0
        cycle = self.cycle
        if type(cycle) is not _Direct:
            super().on_message_complete()
            return
        cycle.more_body = False
        if cycle.response_complete:
            return
        try:
            self._front.infer(
                cycle.target,
                self.headers,
                cycle.body(),
                address=self.client[0] if self.client else "",
                done=cycle.respond,
            )
        except Exception:  # noqa: BLE001  # a defect: this request fails, not the server
            _LOG.exception("request failed")
            cycle.respond(*_DEFECT)

    def sweep(self, seconds: float) -> None:
        """Abort a connection without progress; called every few seconds.

        That is: a request that arrives too slowly, an answer that is not read, or no complete
        request for too long, whatever other bytes arrive.
        """
        cycle = self.cycle
        unread = self.transport.get_write_buffer_size()
        reading = self._in_headers or (cycle is not None and cycle.more_body)
        if unread:
            state, most = ("unread", unread // _PROGRESS), self._limits.arrival
        elif reading or cycle is None:
            state, most = ("reading", 0), self._limits.arrival
        elif cycle.response_complete:
            state, most = ("idle", 0), self._limits.idle
        else:  # a model's time, which its own deadline bounds
            state, most = ("answering", 0), math.inf
        marked = (self._requests, *state)
        self._turns = self._turns + seconds if marked == self._marked else 0.0
        self._marked = marked
        if self._turns >= most:
            self.transport.abort()
