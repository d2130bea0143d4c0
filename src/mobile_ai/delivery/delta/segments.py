"""Segment table of weight-aware patches: byte ranges of the same tensor in the old and new file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from mmap import mmap
from typing import Final

from mobile_ai.delivery.errors import PatchError

COPY: Final = 0
"""Kind of a segment that is copied from the old file."""
Buffer = bytes | memoryview | mmap
"""Bytes to read from; a file on the device is mapped, not read."""
_WIDTHS: Final = (COPY, 4, 8, 16, 32)
_MOST_SEGMENTS: Final = 10_000
_LONGEST_VARINT: Final = 35  # bits: files are smaller than 2**32 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A byte range of the old file and its counterpart in the new file.

    Attributes:
        width: Bits of one element; ``COPY`` when the bytes are equal.
        old: Offset in the old file.
        new: Offset in the new file.
        length: Bytes, the same in both.
        columns: Elements in a row.
    """

    width: int
    old: int
    new: int
    length: int
    columns: int


def write_table(segments: Iterable[Segment]) -> bytes:
    """Return the encoded table; segments are in the order of the new file."""
    segments = list(segments)
    table = bytearray(varint(len(segments)))
    old = new = 0
    for item in segments:
        back = item.old - old
        table += varint(_WIDTHS.index(item.width))
        table += varint(back << 1 if back >= 0 else (-back << 1) - 1)  # zigzag
        table += varint(item.new - new)
        table += varint(item.length) + varint(item.columns)
        old, new = item.old + item.length, item.new + item.length
    return bytes(table)


def read_table(reader: Reader, *, old_length: int, new_length: int) -> list[Segment]:
    """Decode a table.

    Raises:
        PatchError: If a segment is outside a file, overlaps another in the new file, or has an
            unknown width.
    """
    count = reader.varint()
    if count > _MOST_SEGMENTS:
        raise broken(f"{count} segments", f"at most {_MOST_SEGMENTS}")
    segments, old, new = [], 0, 0
    for _ in range(count):
        width = reader.varint()
        zigzag = reader.varint()
        back = (zigzag + 1 >> 1) * (-1 if zigzag & 1 else 1)
        item = Segment(
            width=_WIDTHS[width] if width < len(_WIDTHS) else -1,
            old=old + back,
            new=new + reader.varint(),
            length=reader.varint(),
            columns=reader.varint(),
        )
        _check(item, old_length, new_length)
        segments.append(item)
        old, new = item.old + item.length, item.new + item.length
    return segments


def _check(item: Segment, old_length: int, new_length: int) -> None:
    inside = 0 <= item.old <= old_length - item.length and item.new <= new_length - item.length
    whole = item.width in _WIDTHS and item.length % max(1, item.width // 8) == 0
    if not (inside and whole and item.length > 0 and 1 <= item.columns <= 2 * item.length):
        raise broken(f"segment {item}", f"one inside {old_length} and {new_length} bytes")


def gaps(starts: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Return as (start, end) the ranges that the (start, length) ranges leave uncovered."""
    free, at = [], 0
    for start, size in sorted(starts):
        if start > at:
            free.append((at, start))
        at = max(at, start + size)
    return [*free, (at, length)] if at < length else free


def varint(value: int) -> bytes:
    """Return an integer as a base-128 varint, least significant group first (as in protobuf)."""
    out = bytearray()
    while value > 127:  # noqa: PLR2004
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


class Reader:
    """Reads a patch from the front and refuses to read past its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: Buffer) -> None:
        """Start at the first byte."""
        self._data, self._at = memoryview(data), 0  # a piece of it is no copy

    def varint(self) -> int:
        """Return the next number.

        Raises:
            PatchError: If it does not end, or is longer than any file.
        """
        value = 0
        for shift in range(0, _LONGEST_VARINT, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004
                return value
        raise broken("an unterminated integer", "at most 35 bits")

    def take(self, length: int) -> memoryview:
        """Return the next bytes.

        Raises:
            PatchError: If there are fewer.
        """
        if length > len(self._data) - self._at:
            raise broken(f"{len(self._data) - self._at} bytes left", f"{length} more")
        self._at += length
        return self._data[self._at - length : self._at]

    def end(self) -> None:
        """Require that all bytes were read.

        Raises:
            PatchError: If some are left.
        """
        if self._at != len(self._data):
            raise broken(f"{len(self._data) - self._at} bytes too many", "the end of the patch")


def broken(got: str, expected: str) -> PatchError:
    """Return the error of a malformed patch."""
    return PatchError(
        "patch", got=got, expected=expected, next_step="download the whole file instead"
    )
