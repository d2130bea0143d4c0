"""The same rules as one SDK policy each, without shared decoding."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from governance.apply import applies, apply_to_resource
from governance.facts import Facts
from governance.pulumi_pack.policies import policy_of
from governance.resource import Resource
from governance.rule import Rule
from governance.rules import catalogue
from governance.setting import load_setting
from pulumi_policy import PolicyPack

__all__ = ["main"]

Validate = Callable[[Any, Any], None]


def main(folder: Path) -> None:
    """Serve every resource rule as a separate policy of the SDK."""
    now = datetime.now(UTC)
    facts = Facts(load_setting(folder, "dev", rules=catalogue(), now=now), now=now, preview=True)
    rules = [rule for rule in catalogue() if rule.kind == "resource"]
    policies = [policy_of(rule, _validate(rule, facts)) for rule in rules]
    PolicyPack("stock", policies)


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
