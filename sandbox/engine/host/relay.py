"""An analyzer that stands before a policy pack until the stack's configuration is known.

The engine calls `Handshake`, then `ConfigureStack`, then the rest. The pack starts with the
configuration in its environment at `ConfigureStack`, or without one at the first other call. From
then on every call goes through as bytes, so nothing is decoded twice.
"""

import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc

from sandbox.engine.host.analyzer import METHOD_PREFIX

__all__ = ["CHANNEL_OPTIONS", "Relay"]

_MAX_BYTES = 400 * 1024 * 1024  # as the engine and pulumi_policy set it
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", _MAX_BYTES),
    ("grpc.max_send_message_length", _MAX_BYTES),
    # A proxy from the environment is never meant for a neighbour on this machine.
    ("grpc.enable_http_proxy", 0),
]
_THREADS = 16  # the engine asks about that many resources at once, by default
_ENDLESS_SECONDS = 24 * 3600.0
_GRACE_SECONDS = 1.0
_EMPTY = b""  # an empty message on the wire


class Relay(grpc.GenericRpcHandler):  # type: ignore[type-arg] # generic in its stubs alone
    """Serves the analyzer's methods for a pack that starts later."""

    def __init__(self) -> None:
        """Bind a port; nothing is answered before `serve`."""
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
        """Answer from now on."""
        self._server.start()

    def stop(self) -> None:
        """Answer no more, and let everyone who waits go on."""
        self.fail("the policy pack was stopped")
        self._asked.set()
        # Not at once: who waits for an answer is to read the reason, not "Cancelling all calls".
        self._server.stop(_GRACE_SECONDS)
        if self._channel is not None:
            self._channel.close()

    def await_configuration(self) -> bytes | None:
        """Wait until the pack is to start; return the configuration request if there was one."""
        self._asked.wait()
        return self._configuration

    def attach(self, port: int) -> None:
        """Send calls to the pack at `port`, its configuration first, as the engine would have."""
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        self._channel = channel
        if self._configuration is not None:
            try:
                channel.unary_unary(f"{METHOD_PREFIX}ConfigureStack", None, None)(
                    self._configuration, wait_for_ready=True
                )
            except grpc.RpcError as error:
                # Packs from before that method took everything from the environment.
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    self.fail(f"the policy pack refused its configuration: {error.details()}")
        self._ready.set()

    def fail(self, reason: str) -> None:
        """Answer every call with `reason`; the first reason stays."""
        self._failure = self._failure or reason
        self._ready.set()

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Return the handler of a method; all of them take and give bytes."""
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
                return _EMPTY  # nothing runs yet, so nothing is to be started for it
            call = self._call(method, context)
            try:
                answer: bytes = call(request, timeout=_timeout(context))
            except grpc.RpcError as error:
                # The engine reads more about the error from the trailing metadata.
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
    # Without a deadline gRPC tells the largest number it has, and fails when given it back.
    remaining = context.time_remaining()
    return remaining if remaining < _ENDLESS_SECONDS else None
