"""Weight-aware patches: integer differences tensor by tensor, entropy-coded.

Layout after the container's header, numbers as in ``segments.varint``:

    table | lengths of the three streams | differences | planes | rest

- *differences* (4- and 8-bit elements): ``residual``, all segments one after another, each
  preceded by its coded length;
- *planes* (16 and 32 bits): differences of little-endian integers, zigzag, most significant
  bytes of all first; zstd;
- *rest*: the bytes of the new file outside every segment; zstd with the bytes of the old file
  outside every segment as dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from mobile_ai.delivery.delta import residual
from mobile_ai.delivery.delta.segments import (
    COPY,
    Buffer,
    Reader,
    Segment,
    gaps,
    read_table,
    varint,
    write_table,
)
from mobile_ai.delivery.delta.tensors import Tensor, find_tensors
from mobile_ai.delivery.delta.zstd import compress, decompress

_MOST_COLUMNS: Final = 1 << 16
_PIECE: Final = 1 << 13  # elements per piece, so that memory does not grow with the tensor


def make(old: bytes, new: bytes) -> bytes | None:
    """Return the patch, or ``None`` if the files have no tensor in common."""
    segments = _match(old, new)
    if not segments:
        return None
    coded = b"".join(
        varint(len(stream)) + stream
        for stream in (_encode(old, new, item) for item in segments if item.width in {4, 8})
    )
    wide = b"".join(_planes(old, new, item) for item in segments if item.width in {16, 32})
    planes = compress(wide) if wide else b""
    rest = compress(_outside(new, segments, "new"), _outside(old, segments, "old"))
    lengths = b"".join(varint(len(stream)) for stream in (coded, planes, rest))
    return write_table(segments) + lengths + coded + planes + rest


def apply(patch: Buffer, old: Buffer, new_length: int) -> Iterator[bytes]:
    """Yield the new file from front to back.

    Memory: the patch, the old and new bytes outside all tensors, and the byte planes of 16- and
    32-bit tensors; 8- and 4-bit tensors are streamed.

    Raises:
        PatchError: If the patch is malformed.
    """
    reader = Reader(patch)
    segments = read_table(reader, old_length=len(old), new_length=new_length)
    lengths = [reader.varint() for _ in range(3)]
    coded, planes, rest = (reader.take(length) for length in lengths)
    reader.end()
    streams = Reader(coded)
    wide = sum(item.length for item in segments if item.width in {16, 32})
    plain = Reader(decompress(planes, wide) if wide else b"")
    free = new_length - sum(item.length for item in segments)
    outside = Reader(decompress(rest, free, _outside(old, segments, "old")))
    end = 0
    for item in segments:
        yield bytes(outside.take(item.new - end))
        yield from _restore(old, item, streams=streams, plain=plain)
        end = item.new + item.length
    yield bytes(outside.take(new_length - end))
    streams.end()


def _restore(old: Buffer, item: Segment, *, streams: Reader, plain: Reader) -> Iterator[bytes]:
    before = np.frombuffer(old, np.uint8, item.length, item.old)
    if item.width == COPY:
        for start in range(0, item.length, _PIECE):
            yield before[start : start + _PIECE].tobytes()
    elif item.width in {4, 8}:
        yield from _decode(before, item, streams.take(streams.varint()))
    else:
        yield from _from_planes(before, item.width, plain.take(item.length))


def _match(old: bytes, new: bytes) -> list[Segment]:
    known = {(item.name, item.width, item.length): item for item in find_tensors(old)}
    segments: list[Segment] = []
    end = 0
    for item in find_tensors(new):
        source = known.get((item.name, item.width, item.length))
        if source is None or item.offset < end:
            continue
        end = item.offset + item.length
        segments.append(_segment(old, new, source, item))
    return segments


def _segment(old: bytes, new: bytes, source: Tensor, item: Tensor) -> Segment:
    same = (
        old[source.offset : source.offset + item.length]
        == new[item.offset : item.offset + item.length]
    )
    return Segment(
        width=COPY if same else item.width,
        old=source.offset,
        new=item.offset,
        length=item.length,
        # Bounds the decoder's memory: it keeps a few bytes per column.
        columns=min(item.columns, _MOST_COLUMNS),
    )


def _encode(old: bytes, new: bytes, item: Segment) -> bytes:
    before = _elements(old[item.old : item.old + item.length], item.width)
    after = _elements(new[item.new : item.new + item.length], item.width)
    half = 1 << (item.width - 1)
    differences = (after - before + half) % (2 * half) - half
    return residual.encode(differences.tolist(), item.columns, half)


def _decode(before: Any, item: Segment, stream: memoryview) -> Iterator[bytes]:
    halves = item.width == 4  # noqa: PLR2004
    count = 2 * item.length if halves else item.length
    at = 0
    for differences in residual.decode(
        stream, count, item.columns, 1 << (item.width - 1), piece=_PIECE
    ):
        # Unsigned bytes wrap modulo 256, as the encoder's differences do.
        moved = np.frombuffer(differences, np.int16).astype(np.uint8)
        source = before[at : at + len(moved) // (2 if halves else 1)]
        at += len(source)
        if halves:
            moved = ((source + moved[0::2]) & 15) | ((source >> 4) + moved[1::2]) << 4
        else:
            moved += source
        yield moved.tobytes()


def _elements(data: bytes, width: int) -> Any:
    """Return the elements as unsigned integers; 4-bit elements: low half of the byte first."""
    raw = np.frombuffer(data, np.uint8).astype(np.int32)
    if width == 8:  # noqa: PLR2004
        return raw
    return np.stack([raw & 15, raw >> 4], axis=1).reshape(-1)


def _planes(old: bytes, new: bytes, item: Segment) -> bytes:
    kind = np.dtype(f"<u{item.width // 8}")
    before = np.frombuffer(old, kind, item.length // kind.itemsize, item.old)
    difference = np.frombuffer(new, kind, item.length // kind.itemsize, item.new) - before
    sign = difference >> (item.width - 1)
    folded = (difference << 1) ^ (0 - sign)
    rows = folded.astype(kind).view(np.uint8).reshape(-1, kind.itemsize)
    return bytes(rows.T[::-1].tobytes())


def _from_planes(before: Any, width: int, planes: memoryview) -> Iterator[bytes]:
    kind = np.dtype(f"<u{width // 8}")
    rows = np.frombuffer(planes, np.uint8).reshape(kind.itemsize, -1)[::-1].T
    for start in range(0, len(rows), _PIECE):
        folded = np.ascontiguousarray(rows[start : start + _PIECE]).view(kind).reshape(-1)
        difference = (folded >> 1) ^ (0 - (folded & 1))
        piece = slice(start * kind.itemsize, (start + len(folded)) * kind.itemsize)
        yield (np.frombuffer(before[piece].tobytes(), kind) + difference).tobytes()


def _outside(data: Buffer, segments: Sequence[Segment], side: str) -> bytes:
    starts = [(item.old if side == "old" else item.new, item.length) for item in segments]
    return b"".join(data[start:end] for start, end in gaps(starts, len(data)))
