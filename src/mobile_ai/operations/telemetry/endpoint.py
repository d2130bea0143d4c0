"""Local ingestion endpoint: one HTTP route that accepts events, for sites and for trials.

An ASGI application, served by uvicorn. In the cloud, ingestion is an API with token check and
throttling in front of a stream; this endpoint has its own limits and gives the same result for the
same bytes.
"""

import asyncio
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from mobile_ai.contracts.telemetry_request import LARGEST_REQUEST, sort_events
from mobile_ai.operations.telemetry.compact import compact
from mobile_ai.operations.telemetry.spool import IngestSpool

_AT_ONCE: Final = 64  # concurrent requests; more are answered with 503
_SLOWEST: Final = 30.0  # seconds for a body to arrive
_Receive = Callable[[], Awaitable[dict[str, Any]]]
_Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Endpoint:
    """An ASGI application.

    Attributes:
        spool: Durable storage of accepted requests.
        token: Required bearer token; empty accepts every sender on this machine.
        group_apps: Applications that may send a group.
        every: Seconds between two runs of ingestion and compaction.
    """

    spool: IngestSpool
    token: str = ""
    group_apps: Collection[str] = ()
    every: float = 60.0
    _working: int = 0
    _task: Any = field(default=None)

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        """Serve a connection scope, as in ASGI 3."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            status, said = await self._answer(scope, receive)
            body = json.dumps(said).encode()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: dict[str, Any], receive: _Receive) -> tuple[int, dict[str, Any]]:
        if (scope["method"], scope["path"]) == ("GET", "/healthz"):
            return 200, {"status": "ok"}
        if scope["path"] != "/v1/events":
            return 404, {"error": "expected POST /v1/events"}
        if scope["method"] != "POST":
            return 405, {"error": "expected POST"}
        if not self._known(dict(scope["headers"])):
            return 401, {"error": "expected a bearer token"}
        if self._working >= _AT_ONCE:
            return 503, {"error": "too many concurrent requests; retry later"}
        self._working += 1
        try:
            return await self._take(receive)
        finally:
            self._working -= 1

    def _known(self, headers: dict[bytes, bytes]) -> bool:
        shown = headers.get(b"authorization", b"")
        return not self.token or hmac.compare_digest(shown, f"Bearer {self.token}".encode())

    async def _take(self, receive: _Receive) -> tuple[int, dict[str, Any]]:
        try:
            async with asyncio.timeout(_SLOWEST):
                body = await _body(receive)
        except TimeoutError:
            return 408, {"error": f"expected the body within {_SLOWEST:.0f} s"}
        if body is None:
            return 413, {"error": f"expected at most {LARGEST_REQUEST} bytes"}
        good, bad = sort_events(body, now=datetime.now(UTC), group_apps=self.group_apps)
        try:
            await asyncio.to_thread(self.spool.add, good, bad)
        except OSError:
            return 503, {"error": "nothing was stored; retry later"}
        reasons = Counter(item["reason"] for item in bad)
        return 202 if good else 400, {"accepted": len(good), "refused": dict(reasons)}

    async def _live(self, receive: _Receive, send: _Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.spool.store.prepare()
                self.spool.recover()
                self._task = asyncio.create_task(self._repeat())
            else:
                self._task.cancel()
                await asyncio.to_thread(self._work)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            await asyncio.to_thread(self._work)

    def _work(self) -> None:
        self.spool.close()
        self.spool.drain(now=datetime.now(UTC), group_apps=self.group_apps)
        compact(self.spool.store)


async def _body(receive: _Receive) -> bytes | None:
    """Return the body, or ``None`` as soon as it is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_REQUEST:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)
