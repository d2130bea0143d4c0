"""Presents rules as policies of the Pulumi SDK, as listed by the engine and `pulumi policy`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

from mobile_ai.governance.rule import Rule

Validate = Callable[[Any, Any], None]
_URL = "docs/policies.md"


def policy_of(rule: Rule, validate: Validate) -> Policy:
    """Return a rule as a named Pulumi policy.

    Args:
        rule: The rule.
        validate: Callback that the SDK's own servicer would call.
    """
    kind = ResourceValidationPolicy if rule.kind == "resource" else StackValidationPolicy
    return kind(
        name=rule.id,
        description=rule.title,
        validate=validate,
        enforcement_level=EnforcementLevel(rule.enforcement),
        severity=Severity(rule.severity),
        framework=PolicyComplianceFramework(name="; ".join(rule.frameworks)),
        tags=[rule.group],
        remediation_steps=rule.remediation,
        url=f"{_URL}#{rule.id}",
    )
