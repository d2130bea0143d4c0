"""Exemptions from expiry: expired evidence must not block a halt or a rollback.

A deployment whose evidence expired may stay unchanged, change for safety alone, or be rolled back
to. Any other change requires renewed evidence.
"""

from __future__ import annotations

from mobile_ai.governance.rule_context import Case


def may_stay(case: Case) -> bool:
    """Return whether a deployment is acceptable although its model's evidence expired.

    Without a baseline the deployed version is unknown, so that nothing is exempt.
    """
    pin = case.at("spec", "aiModel", "sha256").text()
    baseline = case.facts.baseline
    if baseline is None or pin not in case.facts.released:
        return False
    before = baseline.model(case.resource.name)
    if before is None:
        return False
    return before.get("sha256") != pin or case.facts.step_of(case.resource) != "other"
