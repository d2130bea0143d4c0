"""Who signs what (The Update Framework 1.0.34, section 2.1).

| role | key | may name |
|---|---|---|
| root | offline, threshold 2 | the keys of all others |
| targets | offline, threshold 2 | nothing itself; delegates to the roles below |
| models | offline, threshold 2, after evidence is verified | artifacts, patches, ring tables |
| ring-<name> | one key each | ``rings/<name>/...``: which files of ``models`` it runs |
| halt | one key, at hand day and night | ``halt.json``: digests that nobody runs any more |
| snapshot | the publisher's | which versions of all these belong together |
| timestamp | online | which snapshot is the newest |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from tuf.api.metadata import DelegatedRole

from delivery.errors import ReleaseError

__all__ = [
    "HALT_FILE",
    "HALT_ROLE",
    "LIFETIMES",
    "THRESHOLDS",
    "delegated_roles",
    "lifetime",
    "ring_file",
    "ring_role",
    "rings_file",
    "threshold",
]

HALT_FILE: Final = "halt.json"
HALT_ROLE: Final = "halt"
_RING: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")  # what the CDN lets through in a path
THRESHOLDS: Final[Mapping[str, int]] = {"root": 2, "targets": 2, "models": 2}
"""Signatures that a role needs; roles not listed need one."""
LIFETIMES: Final[Mapping[str, timedelta]] = {
    "root": timedelta(days=365),
    "targets": timedelta(days=365),
    "models": timedelta(days=365),
    "halt": timedelta(days=365),
    "snapshot": timedelta(days=90),
    "timestamp": timedelta(days=1),
}
"""How long a signature counts; rings half a year. A release renews what is past two thirds."""
_RING_LIFETIME: Final = timedelta(days=180)


def ring_role(ring: str) -> str:
    """Return the role that signs a ring's releases.

    Raises:
        ReleaseError: If the ring's name does not fit in a path of the CDN.
    """
    if not _RING.fullmatch(ring):
        raise ReleaseError(
            f"ring {ring!r}",
            got=f"{len(ring)} characters",
            expected="at most 32 lower-case letters, digits and '-', beginning with a letter",
            next_step="rename the ring in the stack file",
        )
    return f"ring-{ring}"


def ring_file(ring: str, deployment: str) -> str:
    """Return the target path of a ring's release document."""
    return f"rings/{ring}/{deployment}.json"


def rings_file(deployment: str) -> str:
    """Return the target path of a deployment's ring table."""
    return f"{deployment}.rings.json"


def threshold(role: str) -> int:
    """Return how many keys must sign for a role."""
    return THRESHOLDS.get(role, 1)


def lifetime(role: str) -> timedelta:
    """Return how long a signature of a role counts."""
    return LIFETIMES.get(role, _RING_LIFETIME)


def delegated_roles(
    rings: Iterable[str], keyids: Mapping[str, list[str]]
) -> dict[str, DelegatedRole]:
    """Return the delegations of ``targets``, first match first.

    All end the search, and ``halt`` stands first: no other role can answer in its place.

    Args:
        rings: Names of the rings.
        keyids: Key ids by role.
    """
    paths = {"halt": [HALT_FILE]}
    paths |= {ring_role(ring): [ring_file(ring, "*")] for ring in sorted(rings)}
    paths["models"] = ["*"]  # in TUF a `*` stops at a slash
    return {
        role: DelegatedRole(role, keyids[role], threshold(role), terminating=True, paths=patterns)
        for role, patterns in paths.items()
    }
