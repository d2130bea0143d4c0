"""Container format of patch files: magic, codec, both lengths, payload."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mobile_ai.delivery.delta import general, weights, zstd
from mobile_ai.delivery.delta.segments import Buffer, broken

MAX_FILE_BYTES: Final = 512 * 1024 * 1024  # hdiff needs twice this in memory, on a phone
"""Largest file that a patch may rebuild."""
_HEADER: Final = struct.Struct(">4sBII")
_MAGIC: Final = b"MDP1"

_Apply = Callable[[Buffer, Buffer, int], Iterator[bytes]]


def _whole(patch: Buffer, length: int) -> Iterator[bytes]:
    yield zstd.decompress(memoryview(patch), length)


CODECS: Final[Mapping[str, tuple[int, _Apply]]] = {
    "zstd": (0, lambda patch, _old, length: _whole(patch, length)),
    "bsdiff": (1, general.apply_bsdiff),
    "hdiff": (2, general.apply_hdiff),
    "weights": (3, weights.apply),
}
"""Number and apply function of every codec; ``zstd`` needs no old file."""


def pack(codec: str, payload: bytes, *, old_length: int, new_length: int) -> bytes:
    """Return the patch file: ``MDP1``, codec, both lengths (big-endian), payload."""
    return _HEADER.pack(_MAGIC, CODECS[codec][0], old_length, new_length) + payload


def codec_of(patch: bytes) -> str:
    """Return the codec's name.

    Raises:
        PatchError: If it is not a patch file.
    """
    if len(patch) < _HEADER.size or patch[:4] != _MAGIC:
        raise broken(f"{len(patch)} bytes that begin {patch[:4]!r}", "a patch file (MDP1)")
    names = {number: name for name, (number, _) in CODECS.items()}
    if patch[4] not in names:
        raise broken(f"codec {patch[4]}", f"one of {sorted(names.values())}")
    return names[patch[4]]


def patched_pieces(patch: bytes, old: Buffer, *, length: int) -> Iterator[bytes]:
    """Yield the new file from front to back; the caller checks its digest.

    Memory beside the patch, in multiples of the new file: ``bsdiff`` none, ``weights`` none for 8-
    and 4-bit tensors and one for the planes of wider ones, ``zstd`` one, ``hdiff`` two. A mapped
    old file takes none.

    Args:
        patch: The patch file.
        old: The file to start from; not used by codec ``zstd``.
        length: Bytes of the new file, from signed metadata.

    Raises:
        PatchError: If the patch is malformed, or its lengths differ.
    """
    codec = codec_of(patch)
    _, _, old_length, new_length = _HEADER.unpack_from(patch)
    source: Buffer = b"" if codec == "zstd" else old
    if (old_length, new_length) != (len(source), length) or length > MAX_FILE_BYTES:
        raise broken(f"lengths {old_length} and {new_length}", f"{len(source)} and {length}")
    yield from CODECS[codec][1](memoryview(patch)[_HEADER.size :], source, length)


def apply_patch(patch: bytes, old: Buffer, *, sha256: str, length: int) -> bytes:
    """Return the new file, complete and verified; arguments and errors as ``patched_pieces``.

    Raises:
        PatchError: If the patch is malformed, or the result has another digest.
    """
    new = b"".join(patched_pieces(patch, old, length=length))
    digest = hashlib.sha256(new).hexdigest()
    if digest != sha256:
        raise broken(f"sha256 {digest}", sha256)
    return new
