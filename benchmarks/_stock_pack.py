"""The same rules as one SDK policy each, without shared decoding."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

from mobile_ai.contracts.resource import Resource
from mobile_ai.governance.evaluation import applies, apply_to_resource
from mobile_ai.governance.facts import Facts
from mobile_ai.governance.rule import Rule
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting

__all__ = ["main", "policy_of"]

Validate = Callable[[Any, Any], None]


def main(folder: Path) -> None:
    """Serve every resource rule as a separate policy of the SDK."""
    now = datetime.now(UTC)
    facts = Facts(load_setting(folder, "dev", rules=catalogue(), now=now), now=now, preview=True)
    rules = [rule for rule in catalogue() if rule.kind == "resource"]
    policies = [policy_of(rule, _validate(rule, facts)) for rule in rules]
    PolicyPack("stock", policies)


def policy_of(rule: Rule, validate: Validate) -> Policy:
    """Return a rule as a policy of the SDK, which calls ``validate``."""
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
        url=f"docs/policies.md#{rule.id}",
    )


def _validate(rule: Rule, facts: Facts) -> Validate:
    seen: set[str] = set()

    def validate(args: Any, report: Any) -> None:
        if not applies(rule, args.resource_type):
            return
        resource = Resource(type=args.resource_type, name=args.name, urn=args.urn, props=args.props)
        if args.urn not in seen and args.urn not in facts.deployments:
            facts.admit(resource)
        seen.add(args.urn)
        for message in apply_to_resource(rule, resource, facts).messages:
            report(message)

    return validate


if __name__ == "__main__":
    main(Path(sys.argv[1]))
