"""A patch file: which codec, between files of which lengths, and its bytes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping
from typing import Final

from delivery.delta import general, weights, zstd
from delivery.delta.segments import broken

__all__ = ["CODECS", "MAX_FILE_BYTES", "apply_patch", "codec_of", "pack"]

MAX_FILE_BYTES: Final = 512 * 1024 * 1024  # what a phone has room to patch in memory, twice
_HEADER: Final = struct.Struct(">4sBII")
_MAGIC: Final = b"MDP1"

Apply = Callable[[bytes, bytes, int], bytes | bytearray]

CODECS: Final[Mapping[str, tuple[int, Apply]]] = {
    "zstd": (0, lambda patch, _old, length: zstd.decompress(patch, length)),
    "bsdiff": (1, general.apply_bsdiff),
    "hdiff": (2, general.apply_hdiff),
    "weights": (3, weights.apply),
}
"""Number and way to apply of every codec; ``zstd`` needs no old file."""


def pack(codec: str, payload: bytes, *, old_length: int, new_length: int) -> bytes:
    """Return the patch file: ``MDP1``, codec, both lengths (big-endian), payload."""
    return _HEADER.pack(_MAGIC, CODECS[codec][0], old_length, new_length) + payload


def codec_of(patch: bytes) -> str:
    """Return the name of a patch's codec.

    Raises:
        PatchError: If it is no patch file.
    """
    if len(patch) < _HEADER.size or patch[:4] != _MAGIC:
        raise broken(f"{len(patch)} bytes that begin {patch[:4]!r}", "a patch file (MDP1)")
    names = {number: name for name, (number, _) in CODECS.items()}
    if patch[4] not in names:
        raise broken(f"codec {patch[4]}", f"one of {sorted(names.values())}")
    return names[patch[4]]


def apply_patch(patch: bytes, old: bytes, *, sha256: str, length: int) -> bytes:
    """Return the new file, whole and checked.

    Args:
        patch: The patch file.
        old: The file that it starts from; not used by codec ``zstd``.
        sha256: Digest of the new file, from signed metadata.
        length: Bytes of the new file, from signed metadata.

    Raises:
        PatchError: If anything is not as expected; the new file is then not to be used.
    """
    codec = codec_of(patch)
    _, _, old_length, new_length = _HEADER.unpack_from(patch)
    source = b"" if codec == "zstd" else old
    if (old_length, new_length) != (len(source), length) or length > MAX_FILE_BYTES:
        raise broken(f"lengths {old_length} and {new_length}", f"{len(source)} and {length}")
    new = bytes(CODECS[codec][1](patch[_HEADER.size :], source, length))
    digest = hashlib.sha256(new).hexdigest()
    if digest != sha256:
        raise broken(f"sha256 {digest}", sha256)
    return new
