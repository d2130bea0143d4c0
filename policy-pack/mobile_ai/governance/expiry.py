"""Exemptions from expiry: expired evidence must not block a halt or a rollback.

A deployment whose evidence expired may stay unchanged, be halted, or be rolled back to. Any other
change requires renewed evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.governance.rule_context import Case


def may_stay(case: Case) -> bool:
    """Return whether a deployment is acceptable although its model's evidence expired.

    Without a baseline the deployed version is unknown, so that nothing is exempt.
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
    # Compared in canonical form: the engine's property values hold every number as a double.
    return canonical_bytes(one) == canonical_bytes(other)


def _is_halted(spec: Mapping[str, Any]) -> bool:
    rollout = spec.get("rollout")
    return isinstance(rollout, Mapping) and rollout.get("halted") is True


def _resumed(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {**spec, "rollout": {**spec["rollout"], "halted": False}}
