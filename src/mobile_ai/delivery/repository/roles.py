"""TUF roles of a stack, their keys, thresholds and lifetimes (TUF 1.0.34, section 2.1).

| role | key | may name |
|---|---|---|
| root | offline, threshold 2 | the keys of all others |
| targets | offline, threshold 2 | nothing itself; delegates to the roles below |
| models | offline, threshold 2, after evidence is verified | artifacts, patches, ring tables |
| ring-<name> | one key each | ``rings/<name>/...``: which files of ``models`` it runs |
| halt | one key, always available | ``halt.json``: digests that no device may run |
| snapshot | the publisher's | the versions of all these that belong together |
| timestamp | online | the newest snapshot |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from tuf.api.metadata import DelegatedRole

from mobile_ai.delivery.errors import ReleaseError

HALT_FILE: Final = "halt.json"
"""Target of role `halt`: the list of halts."""
HALT_ROLE: Final = "halt"
"""Role that can halt versions and name no new ones."""
_RING: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")  # accepted by the CDN in a path
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
"""Lifetime of a role's signature; rings: half a year. A release renews roles past two thirds."""
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
    """Return the number of keys that must sign for a role."""
    return THRESHOLDS.get(role, 1)


def lifetime(role: str) -> timedelta:
    """Return the lifetime of a role's signature."""
    return LIFETIMES.get(role, _RING_LIFETIME)


def delegated_roles(
    rings: Iterable[str], keyids: Mapping[str, list[str]]
) -> dict[str, DelegatedRole]:
    """Return the delegations of ``targets``; the first match applies.

    All are terminating and ``halt`` is first, so no other role can answer for it (TUF 1.0.34,
    client workflow 5.6.7).

    Args:
        rings: Names of the rings.
        keyids: Key ids by role.
    """
    paths = {"halt": [HALT_FILE]}
    paths |= {ring_role(ring): [ring_file(ring, "*")] for ring in sorted(rings)}
    paths["models"] = ["*"]  # in TUF, `*` does not match a slash
    return {
        role: DelegatedRole(role, keyids[role], threshold(role), terminating=True, paths=patterns)
        for role, patterns in paths.items()
    }
