"""The smallest patch that works, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from delivery.delta import general, weights, zstd
from delivery.delta.container import apply_patch, pack

__all__ = ["SHIP_BELOW", "Patch", "best_patch", "candidates"]

SHIP_BELOW: Final = 0.6  # of the packed file: above, a patch is not worth a second file


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch file and how it was made."""

    codec: str
    data: bytes


def candidates(old: bytes, new: bytes) -> Iterator[Patch]:
    """Yield a patch of every codec; ``zstd`` first: the new file itself, packed."""
    yield _patch("zstd", zstd.compress(new), b"", new)
    yield _patch("bsdiff", general.make_bsdiff(old, new), old, new)
    yield _patch("hdiff", general.make_hdiff(old, new), old, new)
    payload = weights.make(old, new)
    if payload is not None:
        yield _patch("weights", payload, old, new)


def best_patch(old: bytes, new: bytes) -> Patch | None:
    """Return the smallest patch when it is below ``SHIP_BELOW`` of the packed new file.

    Raises:
        PatchError: If it does not lead to the new file; it was applied to find out.
    """
    full, *patches = candidates(old, new)
    best = min(patches, key=lambda item: len(item.data))
    if len(best.data) >= SHIP_BELOW * len(full.data):
        return None
    apply_patch(best.data, old, sha256=hashlib.sha256(new).hexdigest(), length=len(new))
    return best


def _patch(codec: str, payload: bytes, old: bytes, new: bytes) -> Patch:
    data = pack(codec, payload, old_length=len(old), new_length=len(new))
    return Patch(codec=codec, data=data)
