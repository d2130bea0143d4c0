"""Progress of rollouts: when each ring was opened, how far each version came, what was halted.

A stack file says where a rollout stands and not since when. So each `up` carries the times over
from the one before, by the clock of the machine that runs it, and rules hold the next step against
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_EVERYBODY: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of one deployment.

    Attributes:
        opened: Time at which the version got each ring, RFC 3339, by ring.
        soak: Longest soak that was declared for each open ring since, hours.
        reached: Largest share of devices that each version had, percent, by manifest digest.
        halted: Manifest digests that are halted.
    """

    opened: Mapping[str, str] = field(default_factory=dict)
    soak: Mapping[str, float] = field(default_factory=dict)
    reached: Mapping[str, float] = field(default_factory=dict)
    halted: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "opened": dict(self.opened),
            "soak": dict(self.soak),
            "reached": dict(self.reached),
            "halted": list(self.halted),
        }


def digest_of(spec: Mapping[str, Any]) -> str:
    """Return the manifest digest that a deployment's spec pins."""
    return str((spec.get("aiModel") or {}).get("sha256") or "")


def rings_of(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the rings of a deployment's spec by name, in order."""
    rings = (spec.get("rollout") or {}).get("rings") or ()
    return {str(ring.get("name")): ring for ring in rings}


def stage_of(spec: Mapping[str, Any]) -> str:
    """Return the ring that a deployment's spec names as reached."""
    return str((spec.get("rollout") or {}).get("stage") or "")


def share_of(spec: Mapping[str, Any]) -> float:
    """Return the share of devices that a deployment's spec gives the version to, percent."""
    ring = rings_of(spec).get(stage_of(spec))
    return _EVERYBODY if ring is None else float(ring["percent"])


def is_halted(spec: Mapping[str, Any]) -> bool:
    """Return whether a deployment's spec halts the version."""
    return (spec.get("rollout") or {}).get("halted") is True


def progress_of(
    spec: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None,
    progress: Progress | None,
    now: str,
) -> Progress:
    """Return the progress of a deployment after an `up`.

    Times are carried over while version and salt stay the same. A ring that grew, and every ring
    after a halt, counts from now: its devices had no time with the version before. A halted version
    opens no ring.

    Args:
        spec: What the `up` deployed.
        before: What was deployed before; ``None`` for a new deployment.
        progress: The progress before; ``None`` where none was recorded.
        now: Time of the `up`, RFC 3339; empty leaves new times out (a preview).
    """
    prior, had = before or {}, progress or _unrecorded(before or {})
    own, halts = digest_of(spec), is_halted(spec)
    goes_on = own == digest_of(prior) and _salt(spec) == _salt(prior)
    resumed = goes_on and is_halted(prior) and not halts
    rings, earlier = rings_of(spec), rings_of(prior)
    names = list(rings)
    open_rings = names[: names.index(stage_of(spec)) + 1] if stage_of(spec) in rings else []
    opened: dict[str, str] = {}
    soak: dict[str, float] = {}
    for name in open_rings:
        grew = name in earlier and rings[name]["percent"] > earlier[name]["percent"]
        since = had.opened.get(name, "") if goes_on and not resumed and not grew else ""
        if since or (now and not halts):
            opened[name] = since or now
            declared = float(rings[name].get("soakHours") or 0)
            soak[name] = max(declared, had.soak.get(name, 0.0) if since else 0.0)
    reached = dict(had.reached)
    if not halts:
        reached[own] = max(share_of(spec), reached.get(own, 0.0))
    others = {digest for digest in had.halted if digest != own}
    halted = tuple(sorted(others | ({own} if halts else set())))
    return Progress(opened=opened, soak=soak, reached=reached, halted=halted)


def _unrecorded(spec: Mapping[str, Any]) -> Progress:
    """Return what is known of a deployment from before progress was recorded."""
    way_back = ((spec.get("aiModel") or {}).get("previous") or {}).get("sha256")
    reached = {digest_of(spec): share_of(spec)} if spec else {}
    return Progress(reached={way_back: _EVERYBODY, **reached} if way_back else reached)


def _salt(spec: Mapping[str, Any]) -> Any:
    return (spec.get("rollout") or {}).get("salt")
