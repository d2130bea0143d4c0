"""Expired evidence never stands in the way of safety.

What runs on it may go on as it is, may be halted, and may be gone back to. Anything else
about such a deployment waits for renewed evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .canonical import canonical_bytes
from .case import Case

__all__ = ["may_stay"]


def may_stay(case: Case) -> bool:
    """Return whether a deployment may be as it is although its model's evidence expired.

    Without a baseline nobody tells what was there, so nothing stays on that ground.
    """
    pin = case.at("spec", "aiModel", "sha256").text()
    baseline = case.facts.baseline
    prior = baseline.deployments.get(case.resource.name) if baseline else None
    if baseline is None or prior is None or pin not in case.facts.released:
        return False
    before = baseline.model(case.resource.name) or {}
    return before.get("sha256") != pin or _unchanged(case, prior)


def _unchanged(case: Case, before: Mapping[str, Any]) -> bool:
    spec = case.at("spec").plain()
    if not isinstance(spec, dict):
        return False
    return _same(spec, before) or (_is_halted(spec) and _same(_resumed(spec), before))


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    # In canonical form, since the engine makes a float of every number.
    return canonical_bytes(one) == canonical_bytes(other)


def _is_halted(spec: Mapping[str, Any]) -> bool:
    rollout = spec.get("rollout")
    return isinstance(rollout, Mapping) and rollout.get("halted") is True


def _resumed(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {**spec, "rollout": {**spec["rollout"], "halted": False}}
