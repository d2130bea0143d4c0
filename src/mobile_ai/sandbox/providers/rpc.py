"""Converts provider errors to gRPC statuses, so that the engine shows only their text."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import grpc

from mobile_ai.sandbox.providers.cloud import UnfinishedError
from mobile_ai.sandbox.providers.errors import ProviderError
from mobile_ai.sandbox.providers.unfinished import unfinished_status

_Self = TypeVar("_Self")
_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_Method = Callable[[_Self, _Request], _Response]
_Call = Callable[[_Self, _Request, grpc.ServicerContext], _Response]


def answered(method: _Method[_Self, _Request, _Response]) -> _Call[_Self, _Request, _Response]:
    """Wrap a function as a gRPC method that aborts with a ``ProviderError``'s code and text."""

    @wraps(method)
    def call(self: _Self, request: _Request, context: grpc.ServicerContext) -> _Response:
        try:
            return method(self, request)
        except UnfinishedError as error:
            # Duck-typed: grpcio's own Status is abstract.
            context.abort_with_status(unfinished_status(error))  # type: ignore[arg-type]
            raise
        except ProviderError as error:
            context.abort(grpc.StatusCode[error.code], str(error))
            raise

    return call
