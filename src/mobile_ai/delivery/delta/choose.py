"""Chooses the smallest patch between two model files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mobile_ai.delivery.delta import general, weights, zstd
from mobile_ai.delivery.delta.container import apply_patch, pack

SHIP_BELOW: Final = 0.6
"""Share of the compressed file below which a patch is worth a second file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch file and its codec."""

    codec: str
    data: bytes


def candidates(old: bytes, new: bytes) -> Iterator[Patch]:
    """Yield a patch of every codec; first ``zstd``, which is the new file itself, compressed."""
    yield _patch("zstd", zstd.compress(new), b"", new)
    yield _patch("bsdiff", general.make_bsdiff(old, new), old, new)
    yield _patch("hdiff", general.make_hdiff(old, new), old, new)
    payload = weights.make(old, new)
    if payload is not None:
        yield _patch("weights", payload, old, new)


def best_patch(old: bytes, new: bytes) -> Patch | None:
    """Return the smallest patch if it is below ``SHIP_BELOW`` of the compressed new file.

    Raises:
        PatchError: If applying it does not give the new file.
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
