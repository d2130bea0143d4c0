"""REST endpoint of the protocol as an ASGI application.

Source: Open Inference Protocol v2 (REST), its model repository extension and its binary tensor
data extension. An error response is ``{"error": text}``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from importlib.metadata import version
from typing import Any, Final

import orjson

from mobile_ai.edge.errors import (
    BAD_REQUEST,
    INTERNAL,
    NOT_FOUND,
    TOO_LARGE,
    UNAVAILABLE,
    RefusedError,
)
from mobile_ai.edge.http_response import Head, json_answer, refusal
from mobile_ai.edge.inference_service import Front
from mobile_ai.edge.limits import HttpLimits
from mobile_ai.edge.metrics import CONTENT_TYPE, exposition
from mobile_ai.edge.openapi import document
from mobile_ai.edge.paths import ModelPath, model_path
from mobile_ai.edge.serving import Headers, ServedTensor

SERVER: Final = "mobile-ai-edge"
"""Name of the server in its metadata."""
EXTENSIONS: Final = ("binary_tensor_data", "model_repository")
"""Protocol extensions in the server's metadata."""
_OK: Final = 200
_METHOD: Final = 405
_SLOW: Final = 408
_LOG: Final = logging.getLogger("mobile_ai.edge.rest")
_KEYS: Final = (b"authorization", b"x-api-key")
_REPOSITORY: Final = "/v2/repository/"

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Answer = tuple[Head, bytes]


class RestApp:
    """Answers every path of the protocol."""

    def __init__(self, front: Front, limits: HttpLimits) -> None:
        """Serve the models of a front."""
        self.front, self.limits = front, limits
        self._plain: Mapping[str, Callable[[], _Answer]] = {
            "/v2": self._server,
            "/v2/health/live": lambda: json_answer(_OK, {"live": True}),
            "/v2/health/ready": self._ready,
            "/metrics": lambda: _text(exposition(front)),
            "/openapi.json": lambda: json_answer(_OK, document()),
        }

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer one request, or start and stop the table if the server has a lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        try:
            head, body = await self._answer(scope, receive)
        except RefusedError as error:
            self.front.count(error)
            head, body = refusal(error)
        except ConnectionError:
            return
        except Exception:  # noqa: BLE001  # a defect: this request fails, not the server
            _LOG.exception("request failed")
            head, body = refusal(RefusedError(INTERNAL, "server: failed"))
        headers = list(head.headers)
        if self.front.leaving:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": head.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: _Receive, send: _Send) -> None:
        await receive()
        await self.front.table.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.front.table.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: _Scope, receive: _Receive) -> _Answer:
        path, method, headers = scope["path"], scope["method"], scope["headers"]
        plain = self._plain.get(path)
        if plain is not None:
            _expect(method, "GET")
            return plain()
        model = model_path(path)
        if model is not None and model.verb == "infer":
            _expect(method, "POST")
            self.front.admission.client(_credential(headers), _address(scope))
            body = await self._body(receive)
            return await self._infer(model, headers, body, _address(scope))
        credential = _credential(headers)
        if model is not None:
            _expect(method, "GET")
            self.front.admission.client(credential, _address(scope))
            return self._model_ready(model) if model.verb else self._model(model)
        if path.startswith(_REPOSITORY):
            return await self._repository(path, method, credential, receive)
        raise RefusedError(NOT_FOUND, "path: got one that the protocol does not define")

    async def _infer(
        self, model: ModelPath, headers: Headers, body: bytes, address: str
    ) -> _Answer:
        answer: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()

        def done(head: Head, content: bytes) -> None:
            if not answer.done():
                answer.set_result((head, content))

        target = (model.name, model.version)
        self.front.infer(target, headers, body, address=address, done=done)
        return await answer

    async def _repository(
        self, path: str, method: str, credential: bytes | None, receive: _Receive
    ) -> _Answer:
        what = path[len(_REPOSITORY) :].split("/")
        match what:
            case ["index"]:
                _expect(method, "POST")
                self.front.admission.client(credential, "")
                return self._index(await self._body(receive))
            case ["models", name, ("load" | "unload") as verb]:
                _expect(method, "POST")
                table = self.front.table
                change = table.load if verb == "load" else table.unload
                await self.front.change(change, name, credential)
                return json_answer(_OK, {})
        raise RefusedError(NOT_FOUND, "path: got one that the protocol does not define")

    def _index(self, body: bytes) -> _Answer:
        try:
            asked = orjson.loads(body) if body else {}
        except orjson.JSONDecodeError as error:
            raise RefusedError(BAD_REQUEST, "body: got no JSON") from error
        ready = asked.get("ready", False) if isinstance(asked, dict) else None
        if type(ready) is not bool:
            raise RefusedError(BAD_REQUEST, "body: expected an object with 'ready' true or false")
        entries = [
            {"name": item.name, "version": item.version, "state": item.state, "reason": item.reason}
            for item in self.front.table.index()
            if item.state == "READY" or not ready
        ]
        return json_answer(_OK, entries)

    def _server(self) -> _Answer:
        return json_answer(
            _OK,
            {"name": SERVER, "version": version("mobile-ai-delivery"), "extensions": EXTENSIONS},
        )

    def _ready(self) -> _Answer:
        ready = self.front.ready()
        return json_answer(_OK if ready else UNAVAILABLE, {"ready": ready})

    def _model_ready(self, path: ModelPath) -> _Answer:
        ready = self.front.model_ready((path.name, path.version), ())
        return json_answer(_OK if ready else UNAVAILABLE, {"name": path.name, "ready": ready})

    def _model(self, path: ModelPath) -> _Answer:
        served = self.front.route((path.name, path.version), ())
        try:
            model = served.model
            answer = {
                "name": model.identity.name,
                "versions": self.front.table.versions(path.name),
                "platform": model.platform,
                "inputs": list(map(_metadata, model.inputs)),
                "outputs": list(map(_metadata, model.outputs)),
                "parameters": {"manifest_sha256": model.identity.digest},
            }
        finally:
            served.release()
        return json_answer(_OK, answer)

    async def _body(self, receive: _Receive) -> bytes:
        """Return the body of a request.

        Raises:
            RefusedError: If it is too large or arrives too slowly.
            ConnectionError: If the client has disconnected.
        """
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.limits.arrival):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ConnectionError
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self.limits.body_bytes:
                        raise RefusedError(TOO_LARGE, "body: got more bytes than are accepted")
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError as error:
            raise RefusedError(_SLOW, "body: did not arrive in time") from error


def _metadata(spec: ServedTensor) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype, "shape": spec.shape}


def _expect(got: str, method: str) -> None:
    if got != method and not (got == "HEAD" and method == "GET"):
        allow = "GET, HEAD" if method == "GET" else method
        raise RefusedError(_METHOD, f"method: expected {allow}", allow=allow)


def _credential(headers: Headers) -> bytes | None:
    found = dict(headers)
    return found.get(_KEYS[0]) or found.get(_KEYS[1])


def _address(scope: _Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _text(body: bytes) -> _Answer:
    headers = ((b"content-type", CONTENT_TYPE), (b"content-length", str(len(body)).encode()))
    return Head(_OK, headers), body
