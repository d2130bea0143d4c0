"""Staged rollout by cohort, computed on the device.

A device hashes its installation id once into a *point* (64 bits of SHA-256), and a release's
salt into a *key* the same way. Point and key together give the *cohort*, an integer from 0 to
999,999. A device is in a ring when its cohort is below the ring's share in millionths, so

- no identifier leaves the device;
- a higher percentage only adds devices;
- the same salt keeps the same devices first, another salt reshuffles them.

Point and key are folded to 32 bits and mixed by MurmurHash3's finalizer (fmix32), because
simulations compute it for millions of devices, and JavaScript engines on phones have 32-bit
multiplication (``Math.imul``). ``rings.js`` is the same in JavaScript; both are tested against the
same vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

COHORTS: Final = 1_000_000
"""Buckets that devices are hashed into; a percent of devices is 10,000 of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A ring as in release documents.

    Attributes:
        name: Its name.
        share: Cumulative share of all devices, this ring and those before it, in millionths.
    """

    name: str
    share: int


def point(text: str) -> int:
    """Return the 64-bit point of an installation id, or the key of a salt."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def cohort(point: int, key: int) -> int:
    """Return the cohort, 0 to 999,999, of a device's point under a salt's key."""
    both = point ^ key
    # Literals, not names, for speed: simulations call this for every device of a fleet. First 2**32
    # over the golden ratio, a prime (xxHash's first); then the two multipliers of fmix32,
    # MurmurHash3 (A. Appleby, public domain).
    mixed = ((both >> 32) * 0x9E3779B1 ^ both) & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return (mixed ^ mixed >> 16) * 1_000_000 >> 32


def millionths(percent: float) -> int:
    """Return a percentage as a share in millionths, rounded half up as JavaScript does."""
    return int(percent * 10_000 + 0.5)


def ring_of(rings: Iterable[Ring], cohort: int) -> str | None:
    """Return the first ring that contains a cohort, or ``None`` if the cohort is beyond all rings.

    Args:
        rings: Rings in order of their shares.
        cohort: See ``cohort``.
    """
    return next((ring.name for ring in rings if cohort < ring.share), None)
