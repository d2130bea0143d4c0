"""Patches that know nothing of weights: bsdiff and HDiffPatch, applied within bounds."""

from __future__ import annotations

import bz2
import struct
from typing import Final

import bsdiff4
import hdiffpatch
import numpy as np

from delivery.delta.segments import broken

__all__ = ["apply_bsdiff", "apply_hdiff", "make_bsdiff", "make_hdiff"]

_BSDIFF: Final = struct.Struct("<8sQQQ")
_CONTROL: Final = struct.Struct("<QQQ")
_SIGN: Final = 1 << 63  # bsdiff keeps sign and size apart
_MOST_STEPS: Final = 1_000_000
_HDIFF: Final = b"HDIFF13&zstd\0"


def make_bsdiff(old: bytes, new: bytes) -> bytes:
    """Return a patch in the format of bsdiff 4.3 (C. Percival)."""
    patch: bytes = bsdiff4.diff(old, new)
    return patch


def apply_bsdiff(patch: bytes, old: bytes, new_length: int) -> bytearray:
    """Return the new file.

    Written out here because the C library unpacks whatever a patch claims; this unpacks what the
    new file needs.

    Raises:
        PatchError: If the patch is not well formed.
    """
    if len(patch) < _BSDIFF.size:
        raise broken(f"{len(patch)} bytes", "a bsdiff header")
    magic, control_length, diff_length, length = _BSDIFF.unpack_from(patch)
    diff_at = _BSDIFF.size + control_length
    if magic != b"BSDIFF40" or length != new_length or diff_at + diff_length > len(patch):
        raise broken("another header", f"BSDIFF40 and {new_length} bytes")
    steps = _unpack(patch[_BSDIFF.size : diff_at], _CONTROL.size * _MOST_STEPS)
    diff = _unpack(patch[diff_at : diff_at + diff_length], new_length)
    extra = _unpack(patch[diff_at + diff_length :], new_length)
    return _replay(steps, diff, extra, old=old, new_length=new_length)


def _replay(steps: bytes, diff: bytes, extra: bytes, *, old: bytes, new_length: int) -> bytearray:
    new = bytearray()
    old_at = diff_at = extra_at = 0
    if len(steps) % _CONTROL.size:
        raise broken(f"{len(steps)} bytes of steps", f"a multiple of {_CONTROL.size}")
    for step in _CONTROL.iter_unpack(steps):
        add, copy, seek = (-(value ^ _SIGN) if value & _SIGN else value for value in step)
        inside = 0 <= old_at <= old_at + add <= len(old)
        if not inside or copy < 0 or len(new) + add + copy > new_length:
            raise broken(f"step {(add, copy, seek)}", "one inside both files")
        new += _sum(diff[diff_at : diff_at + add], old[old_at : old_at + add])
        new += extra[extra_at : extra_at + copy]
        diff_at, extra_at, old_at = diff_at + add, extra_at + copy, old_at + add + seek
    if len(new) != new_length:
        raise broken(f"{len(new)} bytes", f"{new_length}")
    return new


def _sum(difference: bytes, before: bytes) -> bytes:
    if len(difference) != len(before):
        raise broken(f"{len(difference)} differences", f"{len(before)}")
    return (np.frombuffer(difference, np.uint8) + np.frombuffer(before, np.uint8)).tobytes()


def _unpack(data: bytes, limit: int) -> bytes:
    unpacker = bz2.BZ2Decompressor()
    try:
        result = unpacker.decompress(data, limit + 1)
    except (OSError, ValueError, EOFError) as error:
        raise broken(str(error), "bzip2 data") from error
    if len(result) > limit or not unpacker.eof:
        raise broken(f"{len(result)} bytes unpacked without an end", f"at most {limit}")
    return result


def make_hdiff(old: bytes, new: bytes) -> bytes:
    """Return a patch in the format of HDiffPatch (sisong), packed by zstd."""
    patch: bytes = hdiffpatch.diff(old, new, compression=hdiffpatch.COMPRESSION_ZSTD)
    return patch


def apply_hdiff(patch: bytes, old: bytes, new_length: int) -> bytes:
    """Return the new file.

    Raises:
        PatchError: If the patch is not well formed, or is for files of another length.
    """
    if not patch.startswith(_HDIFF):
        raise broken("another header", "HDIFF13 packed by zstd")
    claimed, at = _hdiff_number(patch, len(_HDIFF))
    source, _ = _hdiff_number(patch, at)
    # Checked before the library sees it: it takes the memory that the header claims.
    if (claimed, source) != (new_length, len(old)):
        raise broken(f"lengths {source} and {claimed}", f"{len(old)} and {new_length}")
    try:
        result: bytes = hdiffpatch.apply(old, patch)
    except hdiffpatch.HDiffPatchError as error:
        raise broken(str(error), "an intact patch") from error
    return result


def _hdiff_number(patch: bytes, at: int) -> tuple[int, int]:
    """Return a number in base 128, most significant group first, and where the next begins."""
    value = 0
    for byte in patch[at : at + 9]:
        at += 1
        value = value << 7 | byte & 127
        if byte < 128:  # noqa: PLR2004
            return value, at
    raise broken("a number without an end", "at most 63 bits")
