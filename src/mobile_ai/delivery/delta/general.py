"""Format-agnostic patches: bsdiff and HDiffPatch, applied within memory bounds."""

from __future__ import annotations

import bz2
import struct
from collections.abc import Iterator
from typing import Final

import bsdiff4
import hdiffpatch
import numpy as np

from mobile_ai.delivery.delta.segments import Buffer, broken

_BSDIFF: Final = struct.Struct("<8sQQQ")
_CONTROL: Final = struct.Struct("<QQQ")
_SIGN: Final = 1 << 63  # bsdiff stores integers as sign and magnitude
_MOST_STEPS: Final = 1_000_000
_PIECE: Final = 1 << 14  # bytes
_HDIFF: Final = b"HDIFF13&zstd\0"


def make_bsdiff(old: bytes, new: bytes) -> bytes:
    """Return a patch in the format of bsdiff 4.3 (C. Percival)."""
    patch: bytes = bsdiff4.diff(old, new)
    return patch


def apply_bsdiff(patch: Buffer, old: Buffer, new_length: int) -> Iterator[bytes]:
    """Yield the new file from front to back, in pieces.

    Implemented here because the C library decompresses whatever size a patch claims, all at once.

    Raises:
        PatchError: If the patch is malformed.
    """
    if len(patch) < _BSDIFF.size:
        raise broken(f"{len(patch)} bytes", "a bsdiff header")
    magic, control_length, diff_length, length = _BSDIFF.unpack_from(patch)
    diff_at = _BSDIFF.size + control_length
    if magic != b"BSDIFF40" or length != new_length or diff_at + diff_length > len(patch):
        raise broken("another header", f"BSDIFF40 and {new_length} bytes")
    steps = _Unpacked(patch[_BSDIFF.size : diff_at])
    diff = _Unpacked(patch[diff_at : diff_at + diff_length])
    extra = _Unpacked(patch[diff_at + diff_length :])
    new_at = old_at = 0
    for _ in range(_MOST_STEPS):
        if new_at == new_length:
            return
        step = _CONTROL.unpack(steps.take(_CONTROL.size))
        add, copy, seek = (-(value ^ _SIGN) if value & _SIGN else value for value in step)
        inside = 0 <= old_at <= old_at + add <= len(old)
        if not inside or copy < 0 or new_at + add + copy > new_length:
            raise broken(f"step {(add, copy, seek)}", "one inside both files")
        for start, size in _pieces(add):
            yield _sum(diff.take(size), old[old_at + start : old_at + start + size])
        for _, size in _pieces(copy):
            yield extra.take(size)
        new_at, old_at = new_at + add + copy, old_at + add + seek
    raise broken(f"more than {_MOST_STEPS} steps", f"{new_length} bytes by then")


def _pieces(length: int) -> Iterator[tuple[int, int]]:
    for start in range(0, length, _PIECE):
        yield start, min(_PIECE, length - start)


def _sum(difference: bytes, before: Buffer) -> bytes:
    return (np.frombuffer(difference, np.uint8) + np.frombuffer(before, np.uint8)).tobytes()


class _Unpacked:
    """A bzip2 stream, decompressed on demand."""

    def __init__(self, data: Buffer) -> None:
        self._data: Buffer = data
        self._unpacker = bz2.BZ2Decompressor()

    def take(self, length: int) -> bytes:
        """Return the next bytes.

        Raises:
            PatchError: If there are fewer, or they are not bzip2 data.
        """
        found = bytearray()
        while len(found) < length:
            try:
                more = self._unpacker.decompress(self._data, length - len(found))
            except (OSError, ValueError, EOFError) as error:
                raise broken(str(error), "bzip2 data") from error
            self._data = b""
            found += more
            if not more and (self._unpacker.eof or self._unpacker.needs_input):
                raise broken(f"{len(found)} bytes unpacked", f"{length}")
        return bytes(found)


def make_hdiff(old: bytes, new: bytes) -> bytes:
    """Return a patch in the format of HDiffPatch (sisong), compressed with zstd."""
    patch: bytes = hdiffpatch.diff(old, new, compression=hdiffpatch.COMPRESSION_ZSTD)
    return patch


def apply_hdiff(patch: Buffer, old: Buffer, new_length: int) -> Iterator[bytes]:
    """Yield the new file in one piece: the library holds both files in memory.

    Raises:
        PatchError: If the patch is malformed, or is for files of another length.
    """
    patch = bytes(patch)
    if not patch.startswith(_HDIFF):
        raise broken("another header", "HDIFF13 packed by zstd")
    claimed, at = _hdiff_number(patch, len(_HDIFF))
    source, _ = _hdiff_number(patch, at)
    # Checked before the library reads it: it allocates what the header claims.
    if (claimed, source) != (new_length, len(old)):
        raise broken(f"lengths {source} and {claimed}", f"{len(old)} and {new_length}")
    try:
        result: bytes = hdiffpatch.apply(bytes(old), patch)
    except hdiffpatch.HDiffPatchError as error:
        raise broken(str(error), "an intact patch") from error
    yield result


def _hdiff_number(patch: bytes, at: int) -> tuple[int, int]:
    """Return a base-128 integer, most significant group first, and the offset after it."""
    value = 0
    for byte in patch[at : at + 9]:
        at += 1
        value = value << 7 | byte & 127
        if byte < 128:  # noqa: PLR2004
            return value, at
    raise broken("an unterminated integer", "at most 63 bits")
