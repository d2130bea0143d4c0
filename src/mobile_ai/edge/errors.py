"""Errors of refused requests, shared by all protocols."""

from __future__ import annotations

from typing import Final

# HTTP status codes; `mobile_ai.edge.grpc_server` maps them to gRPC's.
BAD_REQUEST: Final = 400
"""HTTP status of an invalid request."""
UNAUTHENTICATED: Final = 401
"""HTTP status without a valid key."""
FORBIDDEN: Final = 403
"""HTTP status of a key without the right."""
NOT_FOUND: Final = 404
"""HTTP status of an unknown model or path."""
TOO_LARGE: Final = 413
"""HTTP status of a body above its limit."""
TOO_MANY: Final = 429
"""HTTP status above a quota."""
INTERNAL: Final = 500
"""HTTP status of a defect of the server."""
UNAVAILABLE: Final = 503
"""HTTP status without a ready model or room for the request."""
DEADLINE: Final = 504
"""HTTP status of an inference that took too long."""


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
