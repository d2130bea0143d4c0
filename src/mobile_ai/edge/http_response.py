"""HTTP responses: a cacheable head, and a body."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import orjson

from mobile_ai.edge.errors import RefusedError

JSON: Final = b"application/json"
"""Content type of JSON."""
BINARY: Final = b"application/octet-stream"
"""Content type of a response with binary tensors."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response.

    Attributes:
        status: HTTP status code.
        headers: As in ASGI, including the content length.
        block: The same as bytes on the wire, including the empty line.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    block: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Render the bytes."""
        phrase = HTTPStatus(self.status).phrase
        lines = [b"HTTP/1.1 %d %s" % (self.status, phrase.encode())]
        lines += [name + b": " + value for name, value in self.headers]
        object.__setattr__(self, "block", b"\r\n".join(lines) + b"\r\n\r\n")


def json_answer(status: int, value: object) -> tuple[Head, bytes]:
    """Return a JSON response; arrays become lists of numbers."""
    body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return Head(status, _lengths(JSON, len(body))), body


def refusal(error: RefusedError) -> tuple[Head, bytes]:
    """Return the protocol's error object, with the headers that its status calls for."""
    body = orjson.dumps({"error": error.message})
    headers = _lengths(JSON, len(body))
    if error.retry_after:
        headers = (*headers, (b"retry-after", str(error.retry_after).encode()))
    if error.allow:
        headers = (*headers, (b"allow", error.allow.encode()))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers = (*headers, (b"www-authenticate", b"Bearer"))
    return Head(error.status, headers), body


def _lengths(kind: bytes, length: int) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-type", kind), (b"content-length", str(length).encode()))
