"""Analyzer proxy in front of a policy pack that starts once the stack configuration is known.

The engine calls `Handshake`, then `ConfigureStack`, then other methods. The pack starts with the
configuration in its environment at `ConfigureStack`, or without one at the first other call. From
then on calls are forwarded as bytes, without decoding.
"""

import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc

from mobile_ai.sandbox.engine.host.analyzer import METHOD_PREFIX

_MAX_BYTES = 400 * 1024 * 1024  # as the engine and pulumi_policy set it
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", _MAX_BYTES),
    ("grpc.max_send_message_length", _MAX_BYTES),
    # Loopback connections must not use an HTTP proxy from the environment.
    ("grpc.enable_http_proxy", 0),
]
_THREADS = 16  # the engine's default parallelism of analyzer calls
_ENDLESS_SECONDS = 24 * 3600.0
_GRACE_SECONDS = 1.0
_EMPTY = b""  # an empty message on the wire


class Relay(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in its stubs alone
    """Serves the analyzer's methods for a pack that starts later."""

    def __init__(self) -> None:
        """Bind a port; calls are answered after `serve`."""
        self._asked = threading.Event()
        self._ready = threading.Event()
        self._failure = ""
        self._configuration: bytes | None = None
        self._channel: grpc.Channel | None = None
        self._calls: dict[str, Callable[..., Any]] = {}
        self._server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=_THREADS), options=CHANNEL_OPTIONS
        )
        self._server.add_generic_rpc_handlers((self,))
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")

    def serve(self) -> None:
        """Start to answer calls."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering, and release all waiting calls."""
        self.fail("the policy pack was stopped")
        self._asked.set()
        # With a grace period, so that waiting callers get the reason, not "Cancelling all calls".
        self._server.stop(_GRACE_SECONDS)
        if self._channel is not None:
            self._channel.close()

    def await_configuration(self) -> bytes | None:
        """Wait until the pack must start; return the configuration request if there was one."""
        self._asked.wait()
        return self._configuration

    def attach(self, port: int) -> None:
        """Forward calls to the pack at `port`, starting with its configuration."""
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        self._channel = channel
        if self._configuration is not None:
            try:
                channel.unary_unary(f"{METHOD_PREFIX}ConfigureStack", None, None)(
                    self._configuration, wait_for_ready=True
                )
            except grpc.RpcError as error:
                # Older packs lack the method and read everything from the environment.
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    self.fail(f"the policy pack refused its configuration: {error.details()}")
        self._ready.set()

    def fail(self, reason: str) -> None:
        """Answer every call with `reason`; the first reason is kept."""
        self._failure = self._failure or reason
        self._ready.set()

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Return the handler of a method; all handlers accept and return bytes."""
        method = handler_call_details.method
        if not method.startswith(METHOD_PREFIX):
            return None
        own = {"Handshake": self._handshake, "ConfigureStack": self._configure}
        behaviour = own.get(method.removeprefix(METHOD_PREFIX))
        if behaviour is None:
            return grpc.unary_unary_rpc_method_handler(self._forwarder(method))
        return grpc.unary_unary_rpc_method_handler(behaviour)

    def _handshake(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        return _EMPTY

    def _configure(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        self._configuration = request
        self._asked.set()
        return _EMPTY

    def _forwarder(self, method: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        def forward(request: bytes, context: grpc.ServicerContext) -> bytes:
            if method.endswith("/Cancel") and not self._ready.is_set():
                return _EMPTY  # nothing runs yet that could be cancelled
            call = self._call(method, context)
            try:
                answer: bytes = call(request, timeout=_timeout(context))
            except grpc.RpcError as error:
                # The engine reads error details from the trailing metadata.
                pairs = ((each.key, each.value) for each in error.trailing_metadata() or ())
                context.set_trailing_metadata(tuple(pairs))
                context.abort(error.code(), error.details() or "")
            return answer

        return forward

    def _call(self, method: str, context: grpc.ServicerContext) -> Callable[..., Any]:
        self._asked.set()
        self._ready.wait()
        if self._failure or self._channel is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._failure)
        if method not in self._calls:
            self._calls[method] = self._channel.unary_unary(method, None, None)
        return self._calls[method]


def _timeout(context: grpc.ServicerContext) -> float | None:
    # Without a deadline gRPC reports its maximum value, which it rejects as a timeout.
    remaining = context.time_remaining()
    return remaining if remaining < _ENDLESS_SECONDS else None
