"""Iterates over the top-level fields of a protobuf message, without a schema or copies.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mobile_ai.model_build.inspection.errors import InspectionError

_refused = InspectionError.advising("export the model as TFLite, ONNX or Core ML and try again")

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5


def top_fields(data: bytes, *, name: str, what: str) -> Iterator[int]:
    """Yield the number of each top-level field in order.

    Args:
        data: The message.
        name: The file's name, for messages.
        what: The expected content for messages, such as `an ONNX model`.

    Raises:
        InspectionError: If the message is truncated or malformed.
    """
    place = 0
    while place < len(data):
        tag, place = _varint(data, place, name, what)
        yield tag >> 3
        place = _skip(data, place, tag & 7, name, what)
        if place > len(data):
            raise _refused(name, f"a file cut off at {len(data)} bytes", what)


def _skip(data: bytes, place: int, wire: int, name: str, what: str) -> int:
    if wire == _VARINT:
        return _varint(data, place, name, what)[1]
    if wire == _BYTES:
        length, place = _varint(data, place, name, what)
        return place + length
    if wire in {_FIXED32, _FIXED64}:
        return place + (4 if wire == _FIXED32 else 8)
    raise _refused(name, "content of no format known", what)


def _varint(data: bytes, place: int, name: str, what: str) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(data[place : place + 10]):
        value |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:  # noqa: PLR2004  # the continuation bit
            return value, place + number + 1
    raise _refused(name, f"a message cut off at {place} of {len(data)} bytes", what)
