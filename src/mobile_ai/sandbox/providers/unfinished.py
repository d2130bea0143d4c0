"""gRPC status for an object that exists but failed to initialise.

The engine keeps such an object in the state with the reasons and updates it on the next run
(``ErrorResourceInitFailed``; ``sdk/go/common/util/rpcutil/rpcerror`` of pulumi/pulumi).
"""

from __future__ import annotations

from typing import NamedTuple

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from mobile_ai.sandbox.providers.cloud import UnfinishedError
from mobile_ai.sandbox.providers.values import encode

_DETAILS = "grpc-status-details-bin"
_PREFIX = "type.googleapis.com/pulumirpc.ErrorResourceInitFailed"


class _Status(NamedTuple):
    """Fields read by ``ServicerContext.abort_with_status``."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def unfinished_status(error: UnfinishedError) -> _Status:
    """Return the gRPC status of an incomplete object, with its outputs."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.made.id, properties=encode(error.made.outputs), reasons=list(error.reasons)
    )
    packed = any_pb2.Any(type_url=_PREFIX, value=detail.SerializeToString())
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[packed])
    metadata = ((_DETAILS, status.SerializeToString()),)
    return _Status(code, str(error), metadata)
