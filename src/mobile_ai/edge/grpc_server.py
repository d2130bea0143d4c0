"""gRPC endpoint of the protocol on `grpc.aio`; the same models, lanes and limits as REST."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Final

import grpc
import grpc.aio

from mobile_ai.edge import errors
from mobile_ai.edge.admission import NO_KEY
from mobile_ai.edge.errors import RefusedError
from mobile_ai.edge.grpc_job import GrpcJob
from mobile_ai.edge.inference_service import Front
from mobile_ai.edge.proto import open_inference_grpc_pb2 as messages
from mobile_ai.edge.rest import EXTENSIONS, SERVER
from mobile_ai.edge.serving import Headers
from mobile_ai.edge.settings import ServerSettings

_SERVICE: Final = "inference.GRPCInferenceService"
_TRACE: Final = b"traceparent"
_MILLISECONDS: Final = 1000
_OVERHEAD: Final = 65_536  # bytes of a message beside its tensors
_CODES: Final = {
    errors.BAD_REQUEST: grpc.StatusCode.INVALID_ARGUMENT,
    errors.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    errors.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    errors.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    errors.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.TOO_MANY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.INTERNAL: grpc.StatusCode.INTERNAL,
    errors.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    errors.DEADLINE: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_NUMBERS: Final = {status: code.value[0] for status, code in _CODES.items()}

_RpcContext = Any  # grpc.aio.ServicerContext: grpcio brings no types
_Handler = Callable[[Any, _RpcContext, Headers], Awaitable[Any]]


class RpcServer:
    """A running gRPC server.

    Attributes:
        port: Port that it listens on.
    """

    def __init__(self, server: Any, port: int) -> None:
        """Keep the server and its port."""
        self._server, self.port = server, port

    async def stop(self, seconds: float) -> None:
        """Accept no more calls, and wait up to `seconds` for the running ones."""
        await self._server.stop(seconds)


async def start_grpc(front: Front, settings: ServerSettings) -> RpcServer:
    """Serve gRPC on the port of the settings.

    Raises:
        RuntimeError: If the port is in use.
    """
    limits = settings.http_limits()
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", limits.body_bytes + _OVERHEAD),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_metadata_size", 32_768),
            ("grpc.so_reuseport", 0),  # a taken port is an error, not a second server
            ("grpc.max_allowed_incoming_connections", limits.connections),
            ("grpc.max_connection_idle_ms", int(limits.idle * _MILLISECONDS)),
            ("grpc.server_handshake_timeout_ms", int(limits.arrival * _MILLISECONDS)),
        ],
        maximum_concurrent_rpcs=limits.connections,
    )
    server.add_generic_rpc_handlers((_handlers(_Calls(front)),))
    address = f"{settings.listen.host}:{settings.listen.grpc_port}"
    if settings.tls is None:
        port = server.add_insecure_port(address)
    else:
        port = server.add_secure_port(address, _credentials(settings))
    await server.start()
    return RpcServer(server, port)


def _credentials(settings: ServerSettings) -> Any:
    tls = settings.tls
    if tls is None:
        raise AssertionError("asked for credentials without TLS")
    authority = tls.client_ca.read_bytes() if tls.client_ca else None
    return grpc.ssl_server_credentials(
        [(tls.key.read_bytes(), tls.certificate.read_bytes())],
        root_certificates=authority,
        require_client_auth=authority is not None,
    )


def _handlers(calls: _Calls) -> Any:
    named: dict[str, _Handler] = {
        "ServerLive": calls.live,
        "ServerReady": calls.ready,
        "ModelReady": calls.model_ready,
        "ServerMetadata": calls.server,
        "ModelMetadata": calls.model,
        "ModelInfer": calls.infer,
        "RepositoryIndex": calls.index,
        "RepositoryModelLoad": calls.load,
        "RepositoryModelUnload": calls.unload,
    }
    return _Doorkeeper(
        calls.front,
        grpc.method_handlers_generic_handler(
            _SERVICE,
            {
                name: grpc.unary_unary_rpc_method_handler(
                    _guarded(handler, calls.front),
                    request_deserializer=getattr(messages, f"{name}Request").FromString,
                    response_serializer=getattr(messages, f"{name}Response").SerializeToString,
                )
                for name, handler in named.items()
            },
        ),
    )


class _Doorkeeper(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # none at run time
    """Refuses a call with an unaccepted key before its message is read."""

    def __init__(self, front: Front, inner: Any) -> None:
        self._front, self._inner = front, inner

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of a call; see ``grpc.GenericRpcHandler``."""
        handler = self._inner.service(handler_call_details)
        if handler is None or not handler_call_details.method.endswith("/ModelInfer"):
            return handler
        headers = _headers(handler_call_details.invocation_metadata)
        if self._front.stranger(headers) is None:
            return handler
        # A stream handler gets an iterator of messages, and this one never reads from it.
        return grpc.stream_unary_rpc_method_handler(_refuse)


async def _refuse(_messages: Any, context: _RpcContext) -> Any:
    await context.abort(_CODES[errors.UNAUTHENTICATED], NO_KEY)


def _headers(metadata: Any) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode(), value.encode() if isinstance(value, str) else value)
        for name, value in metadata or ()
    ]


def _guarded(handler: _Handler, front: Front) -> Callable[[Any, _RpcContext], Awaitable[Any]]:
    """Return a handler that aborts a refused call with the protocol's status."""

    async def handle(request: Any, context: _RpcContext) -> Any:
        headers = _headers(context.invocation_metadata())
        try:
            return await handler(request, context, headers)
        except RefusedError as error:
            front.count(error)
            trailing = (("retry-after", str(error.retry_after)),) if error.retry_after else ()
            code = _CODES.get(error.status, grpc.StatusCode.UNKNOWN)
            await context.abort(code, error.message, trailing)
            raise AssertionError("abort returned") from error

    return handle


class _Calls:
    """Methods of the protocol's service."""

    def __init__(self, front: Front) -> None:
        self.front = front

    async def live(self, _request: Any, _context: _RpcContext, _headers: Headers) -> Any:
        return messages.ServerLiveResponse(live=True)

    async def ready(self, _request: Any, _context: _RpcContext, _headers: Headers) -> Any:
        return messages.ServerReadyResponse(ready=self.front.ready())

    async def server(self, _request: Any, _context: _RpcContext, _headers: Headers) -> Any:
        return messages.ServerMetadataResponse(
            name=SERVER, version=version("mobile-ai-delivery"), extensions=EXTENSIONS
        )

    async def model_ready(self, request: Any, context: _RpcContext, headers: Headers) -> Any:
        self._known(context, headers)
        target = (request.name, request.version or None)
        return messages.ModelReadyResponse(ready=self.front.model_ready(target, headers))

    async def model(self, request: Any, context: _RpcContext, headers: Headers) -> Any:
        self._known(context, headers)
        served = self.front.route((request.name, request.version or None), headers)
        try:
            model = served.model
            response = messages.ModelMetadataResponse(
                name=model.identity.name,
                versions=self.front.table.versions(request.name),
                platform=model.platform,
            )
            for specs, field in (
                (model.inputs, response.inputs),
                (model.outputs, response.outputs),
            ):
                for spec in specs:
                    field.add(name=spec.name, datatype=spec.datatype, shape=spec.shape)
        finally:
            served.release()
        return response

    async def infer(self, request: Any, context: _RpcContext, headers: Headers) -> Any:
        tracing = self.front.tracing
        target = (request.model_name, request.model_version or None)
        if tracing is None:
            return await self._infer(target, request, context, headers)
        with tracing.call(dict(headers).get(_TRACE, b""), target, codes=_NUMBERS):
            return await self._infer(target, request, context, headers)

    async def _infer(
        self, target: tuple[str, str | None], request: Any, context: _RpcContext, headers: Headers
    ) -> Any:
        start = time.perf_counter()
        front = self.front
        if not front.admission.open:
            front.admission.admit(_credential(headers), _address(context))
        served = front.route(target, headers)
        deadline = start + self._patience(context)
        job = front.enter(
            served, lambda: GrpcJob(served.model, request, start=start, deadline=deadline)
        )
        return await job.answer

    async def index(self, request: Any, context: _RpcContext, headers: Headers) -> Any:
        self._known(context, headers)
        response = messages.RepositoryIndexResponse()
        for item in self.front.table.index():
            if item.state == "READY" or not request.ready:
                response.models.add(
                    name=item.name, version=item.version, state=item.state, reason=item.reason
                )
        return response

    async def load(self, request: Any, _context: _RpcContext, headers: Headers) -> Any:
        await self._change(self.front.table.load, request.model_name, headers)
        return messages.RepositoryModelLoadResponse()

    async def unload(self, request: Any, _context: _RpcContext, headers: Headers) -> Any:
        await self._change(self.front.table.unload, request.model_name, headers)
        return messages.RepositoryModelUnloadResponse()

    async def _change(
        self, change: Callable[[str], Awaitable[None]], name: str, headers: Headers
    ) -> None:
        await self.front.change(change, name, _credential(headers))

    def _known(self, context: _RpcContext, headers: Headers) -> None:
        self.front.admission.client(_credential(headers), _address(context))

    def _patience(self, context: _RpcContext) -> float:
        remaining = context.time_remaining()
        most = self.front.limits.timeout
        return most if remaining is None or math.isinf(remaining) else min(remaining, most)


def _address(context: _RpcContext) -> str:
    """Return the client's address without its port, which differs between channels.

    gRPC writes a peer as `ipv4:192.0.2.1:50000`, `ipv6:%5B2001:db8::1%5D:50000` or `unix:...`.
    """
    family, _, rest = str(context.peer()).partition(":")
    return rest.rpartition(":")[0] if family in {"ipv4", "ipv6"} else rest


def _credential(headers: Headers) -> bytes | None:
    found = dict(headers)
    return found.get(b"authorization") or found.get(b"x-api-key")
