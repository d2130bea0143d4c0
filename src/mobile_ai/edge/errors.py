"""Errors of refused requests, shared by all protocols."""

from __future__ import annotations

from typing import Final

# HTTP status codes; `mobile_ai.edge.grpc_server` maps them to gRPC's.
BAD_REQUEST: Final = 400
UNAUTHENTICATED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
TOO_LARGE: Final = 413
TOO_MANY: Final = 429
INTERNAL: Final = 500
UNAVAILABLE: Final = 503
DEADLINE: Final = 504


class RefusedError(Exception):
    """A request that is refused or failed.

    Attributes:
        status: HTTP status code.
        message: For the client: what, got, expected. Never values of tensors.
        retry_after: Seconds after which a retry may succeed; 0 if waiting does not help.
        allow: Methods of the path, where another one was requested (RFC 9110, section 15.5.6).
    """

    def __init__(self, status: int, message: str, *, retry_after: int = 0, allow: str = "") -> None:
        """Keep the fields."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.allow = allow
