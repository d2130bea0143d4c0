"""ASGI application of the CDN: `/<distribution id>/<path>`."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mobile_ai.sandbox.services.cdn.freshness import lifetime_seconds, revalidates
from mobile_ai.sandbox.services.cdn.function import FunctionError, FunctionRunner
from mobile_ai.sandbox.services.cdn.origin import Distribution, Fetched, Origin, OriginError
from mobile_ai.sandbox.services.cdn.ranges import UNSATISFIABLE, parse_range
from mobile_ai.sandbox.services.cdn.store import Copy, ObjectStore

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_OK, _PARTIAL, _NOT_MODIFIED = 200, 206, 304
_FORBIDDEN, _NOT_FOUND, _RANGE, _BAD_GATEWAY, _UNAVAILABLE = 403, 404, 416, 502, 503


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """A cached copy and the cache result: `Hit`, `Miss` or `RefreshHit`."""

    copy: Copy
    how: str


class _Refused(Exception):  # noqa: N818  an answer, not a defect
    """A response without an object."""

    def __init__(
        self, status: int, how: str, *, reason: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(reason)
        self.status, self.how, self.reason = status, how, reason
        self.headers = dict(headers or {})


class _Cdn:
    """Handles viewer requests; one per process."""

    def __init__(self, origin: Origin, runner: FunctionRunner, store: ObjectStore) -> None:
        self.runner, self.store = runner, store
        self._origin = origin
        # Concurrent requests for one object are collapsed into one origin request.
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def serve(self, request: Request) -> Response:
        """Handle one viewer request."""
        try:
            distribution = await self._distribution(request.path_params["distribution"])
            uri = await self._allowed(distribution, request)
            answer = await self._object(distribution, uri)
        except _Refused as refused:
            self.store.counts[refused.how.lower()] += 1
            headers = {"x-cache": f"{refused.how} from sandbox", **refused.headers}
            return Response(refused.reason, refused.status, headers, "text/plain")
        self.store.counts[answer.how.lower()] += 1
        return _response(request, answer, age=self.store.age_seconds(answer.copy))

    async def _distribution(self, distribution_id: str) -> Distribution:
        try:
            found = await asyncio.to_thread(self._origin.distribution, distribution_id)
        except OriginError as error:
            raise _Refused(
                _BAD_GATEWAY, "Error", reason=f"no answer of the API: {error}"
            ) from error
        if found is None or not found.enabled:
            told = "is disabled" if found else "does not exist"
            raise _Refused(_FORBIDDEN, "Error", reason=f"distribution {distribution_id} {told}")
        return found

    async def _allowed(self, distribution: Distribution, request: Request) -> str:
        """Return the path to fetch, after the viewer-request function has run."""
        uri = f"/{request.path_params['path']}"
        behaviour = distribution.behaviour(uri)
        if behaviour.methods and request.method not in behaviour.methods:
            raise _Refused(_FORBIDDEN, "Error", reason=f"method {request.method} is not allowed")
        if behaviour.code:
            try:
                result = await self.runner.run(behaviour.code, _event(distribution, request, uri))
            except FunctionError as error:
                reason = f"the viewer-request function failed: {error}"
                raise _Refused(_UNAVAILABLE, "FunctionExecutionError", reason=reason) from error
            if "statusCode" in result:
                raise _generated(result)
            uri = str(result.get("uri", uri))
        if request.method not in {"GET", "HEAD"}:
            raise _Refused(_FORBIDDEN, "Error", reason="objects can only be read here")
        return uri

    async def _object(self, distribution: Distribution, uri: str) -> _Answer:
        held = self.store.find(distribution.id, uri)
        if held is not None and self.store.is_fresh(held):
            return _Answer(copy=held, how="Hit")
        async with self._turns[distribution.id, uri]:
            held = self.store.find(distribution.id, uri)
            if held is not None and self.store.is_fresh(held):
                return _Answer(copy=held, how="Hit")
            return await self._fetch(distribution, uri, held)

    async def _fetch(self, distribution: Distribution, uri: str, held: Copy | None) -> _Answer:
        etag = held.headers.get("etag", "") if held else ""
        try:
            found = await asyncio.to_thread(self._origin.fetch, distribution, uri, etag=etag)
        except OriginError as error:
            if held is not None and not revalidates(held.headers):
                return _Answer(copy=held, how="Hit")
            raise _Refused(
                _BAD_GATEWAY, "Error", reason=f"no answer of the API: {error}"
            ) from error
        if held is not None and found.status == _NOT_MODIFIED:
            headers = {**held.headers, **found.headers}
            return _Answer(copy=self._keep(distribution, uri, headers, held.body), how="RefreshHit")
        if found.status != _OK:
            self.store.drop(distribution.id, uri)
            raise _missing(found)
        return _Answer(copy=self._keep(distribution, uri, found.headers, found.body), how="Miss")

    def _keep(
        self, distribution: Distribution, uri: str, headers: Mapping[str, str], body: bytes
    ) -> Copy:
        seconds = lifetime_seconds(headers)
        copy = self.store.keep(
            distribution.id, uri, headers=headers, body=body, seconds=seconds or 0
        )
        if seconds is None:
            self.store.drop(distribution.id, uri)
        return copy


def application(
    origin: Origin, runner: FunctionRunner | None = None, store: ObjectStore | None = None
) -> Starlette:
    """Return the application.

    Args:
        origin: The AWS API.
        runner: Runner of viewer-request functions; default: Node.js on PATH.
        store: Cache; default: an empty one.
    """
    cdn = _Cdn(origin, runner or FunctionRunner(), store or ObjectStore())

    async def health(_request: Request) -> Response:
        return JSONResponse({"node": cdn.runner.node})

    async def counters(_request: Request) -> Response:
        return JSONResponse(dict(cdn.store.counts))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await cdn.runner.close()

    return Starlette(
        routes=[
            Route("/-/health", health),
            Route("/-/counters", counters),
            Route("/{distribution}/{path:path}", cdn.serve, methods=_METHODS),
        ],
        lifespan=lifespan,
    )


def _event(distribution: Distribution, request: Request, uri: str) -> dict[str, Any]:
    """Return the event of a viewer request in the format of CloudFront Functions, version 1.0."""
    client = request.client.host if request.client else "127.0.0.1"
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.domain,
            "distributionId": distribution.id,
            "eventType": "viewer-request",
            "requestId": uuid.uuid4().hex,
        },
        "viewer": {"ip": client},
        "request": {
            "method": request.method,
            "uri": uri,
            "querystring": {key: {"value": value} for key, value in request.query_params.items()},
            "headers": {key: {"value": value} for key, value in request.headers.items()},
            "cookies": {key: {"value": value} for key, value in request.cookies.items()},
        },
    }


def _generated(result: Mapping[str, Any]) -> _Refused:
    headers = {name: str(one["value"]) for name, one in result.get("headers", {}).items()}
    reason = str(result.get("statusDescription", ""))
    status = int(result["statusCode"])
    return _Refused(status, "FunctionGeneratedResponse", reason=reason, headers=headers)


def _unreachable(error: OriginError) -> _Refused:
    return _Refused(_BAD_GATEWAY, "Error", reason=f"the AWS API does not answer: {error}")


def _missing(found: Fetched) -> _Refused:
    if found.status == _FORBIDDEN:
        return _Refused(_FORBIDDEN, "Error", reason="the bucket does not let the distribution read")
    if found.status == _NOT_FOUND:
        return _Refused(_NOT_FOUND, "Error", reason="no such object")
    return _Refused(_BAD_GATEWAY, "Error", reason=f"the origin answered {found.status}")


def _response(request: Request, answer: _Answer, *, age: int) -> Response:
    copy = answer.copy
    headers = {**copy.headers, "accept-ranges": "bytes", "x-cache": f"{answer.how} from sandbox"}
    if answer.how != "Miss":
        headers["age"] = str(age)
    if _is_held_by(request, copy):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    wanted = _wanted_range(request, copy)
    if wanted is UNSATISFIABLE:
        headers = {"content-range": f"bytes */{len(copy.body)}", "x-cache": headers["x-cache"]}
        return Response(status_code=_RANGE, headers=headers)
    if wanted is None:
        return Response(copy.body, _OK, headers)
    headers["content-range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{len(copy.body)}"
    return Response(copy.body[wanted.start : wanted.stop], _PARTIAL, headers)


def _is_held_by(request: Request, copy: Copy) -> bool:
    given = request.headers.get("if-none-match")
    if given is None:
        since = request.headers.get("if-modified-since")
        return since is not None and since == copy.headers.get("last-modified")
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or copy.headers.get("etag") in tags


def _wanted_range(request: Request, copy: Copy) -> range | None:
    header = request.headers.get("range")
    condition = request.headers.get("if-range")
    known = (copy.headers.get("etag"), copy.headers.get("last-modified"))
    if header is None or (condition is not None and condition not in known):
        return None
    return parse_range(header, len(copy.body))
