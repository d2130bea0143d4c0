"""Classifies the step from what is deployed to what a plan deploys; pure.

A safety change only takes something away: it halts, freezes, goes to fewer devices, runs fewer
copies, or returns to a version that ran before. It must work at night, when nobody can sign, so it
passes what time alone makes fail (ruling R49). Everything that is not shown to be one is `other`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.progress import digest_of, rings_of, share_of, stage_of

Step = Literal["unchanged", "safety", "other"]
"""Kind of a step."""
_EVERYBODY: Final = 100.0
_COMPARED: Final = frozenset({"aiModel", "rollout", "placement"})
_MOVING: Final = frozenset({"stage", "halted", "frozen", "rings"})
_MODEL: Final = frozenset({"id", "version", "sha256"})


def plan_step(baseline: Baseline, proposed: Baseline, *, withdrawn: Iterable[str]) -> Step:
    """Return the kind of a plan's step.

    Args:
        baseline: What is deployed.
        proposed: What the plan deploys.
        withdrawn: Digests that were revoked or ordered to halt.
    """
    if not baseline.settings or baseline.settings != proposed.settings:
        return "other"
    bad = frozenset(withdrawn)
    names = {*baseline.deployments, *proposed.deployments}
    kinds = {
        deployment_step(
            baseline.deployments.get(name),
            proposed.deployments.get(name),
            returns=returns_of(baseline, name, withdrawn=bad),
        )
        for name in names
    }
    return "other" if "other" in kinds else "safety" if "safety" in kinds else "unchanged"


def returns_of(baseline: Baseline, name: str, *, withdrawn: Iterable[str] = ()) -> dict[str, float]:
    """Return the versions that a deployment may go back to, each with its largest share.

    That is what ran in this deployment and is neither halted nor withdrawn. Where no progress was
    recorded, it is the version named as `previous`.
    """
    spec = baseline.deployments.get(name) or {}
    progress = baseline.progress.get(name)
    if progress is None:
        way_back = str(((spec.get("aiModel") or {}).get("previous") or {}).get("sha256") or "")
        found = {way_back: _EVERYBODY} if way_back else {}
        bad = {*withdrawn}
    else:
        found, bad = dict(progress.reached), {*withdrawn, *progress.halted}
    return {
        digest: share
        for digest, share in found.items()
        if digest not in bad and digest != digest_of(spec)
    }


def deployment_step(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    returns: Mapping[str, float],
) -> Step:
    """Return the kind of one deployment's step.

    Args:
        before: The deployed spec; ``None`` for a new deployment.
        after: The proposed spec; ``None`` for a deleted one.
        returns: Versions that it may go back to (see ``returns_of``).
    """
    if before is None or after is None:
        return "unchanged" if before is after else "other"
    try:
        if _same(before, after):
            return "unchanged"
        return "safety" if _is_safer(before, after, returns) else "other"
    except (KeyError, TypeError, ValueError, AttributeError, DocumentError):
        return "other"  # a malformed spec, which a rule denies


def _is_safer(
    before: Mapping[str, Any], after: Mapping[str, Any], returns: Mapping[str, float]
) -> bool:
    back = digest_of(after) in returns and _may_return(before["aiModel"], after["aiModel"])
    most = returns[digest_of(after)] if back else share_of(before)
    return (
        _same(_without(before, _COMPARED), _without(after, _COMPARED))
        and (back or _same(before["aiModel"], after["aiModel"]))
        and _rollout_safer(before["rollout"], after["rollout"], back=back)
        and _rings_smaller(before, after)
        and share_of(after) <= most
        and len(before["placement"]) == len(after["placement"])
        and all(
            _fewer(one, other)
            for one, other in zip(before["placement"], after["placement"], strict=True)
        )
    )


def _may_return(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return before["id"] == after["id"] and not set(after) - _MODEL


def _rollout_safer(before: Mapping[str, Any], after: Mapping[str, Any], *, back: bool) -> bool:
    if not _same(_without(before, _MOVING), _without(after, _MOVING)):
        return False
    # A halt and a freeze are of the version: a return leaves both behind.
    return back or all(
        after.get(state) is True or bool(before.get(state)) == bool(after.get(state))
        for state in ("halted", "frozen")
    )


def _rings_smaller(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    old, new = rings_of(before), rings_of(after)
    return (
        list(old) == list(new)
        and stage_of(after) in new
        and all(
            new[name]["percent"] <= ring["percent"]
            and new[name]["soakHours"] >= ring["soakHours"]
            and _same(_without(ring, _RING), _without(new[name], _RING))
            for name, ring in old.items()
        )
    )


def _fewer(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    scaled = {key for key in ("replicas", "reservedConcurrency") if key in before}
    if not _same(_without(before, scaled), _without(after, scaled)):
        return False
    pairs = []
    if "replicas" in scaled:
        old, new = before["replicas"], after["replicas"]
        if set(old) != set(new):
            return False
        pairs += [(old[key], new[key]) for key in old]
    if "reservedConcurrency" in scaled:
        pairs.append((before["reservedConcurrency"], after["reservedConcurrency"]))
    return all(0 <= new <= old for old, new in pairs)


def _without(value: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    left_out = frozenset(keys)
    return {key: item for key, item in value.items() if key not in left_out}


def _same(one: Any, other: Any) -> bool:
    # Compared in canonical form: the engine's property values hold every number as a double.
    return canonical_bytes(one) == canonical_bytes(other)


_RING: Final = frozenset({"percent", "soakHours"})
