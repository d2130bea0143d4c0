"""Applies custom Rego rules from ``policy-pack/rego`` to deployments."""

from __future__ import annotations

from typing import Any, Final

from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.governance.rego import evaluate
from mobile_ai.governance.rego_input import unknown_fields
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case


@resource_rule(
    id="rego-rules-pass",
    title="The custom rules in policy-pack/rego pass.",
    group="responsible_ai",
    severity="high",
    frameworks=("NIST AI RMF GOVERN 1.2", "EU AI Act Art. 17"),
    remediation="see the message of the rule in policy-pack/rego",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
)
def rego_rules_pass(case: Case) -> None:
    """Evaluate every module on the deployment; an unknown in it denies, an unknown field too."""
    modules = case.facts.setting.rego
    document = case.at().plain() if modules else None
    if document is None:
        return
    for name, text in modules.items():
        for line, path, known in unknown_fields(text):
            case.deny(
                f"rego {name}",
                got=f"line {line}: {path}, which no deployment has: the rule would never fire",
                expected=known,
                next_step="name a field of the input, which docs/adding-a-rule.md shows",
            )
    result = evaluate(modules, document, registry=registry_of(case))
    for message in result.denials:
        case.deny("rego", got=message, expected="no denial")
    for message in result.warnings:
        case.warn("rego", got=message, expected="no warning")


def registry_of(case: Case) -> dict[str, Any]:
    """Return the verified model versions as Rego data, by model and version."""
    registry: dict[str, Any] = {}
    for digest, model in case.facts.models.items():
        metadata = model.manifest.metadata
        registry.setdefault(metadata.name, {})[metadata.version] = {
            "sha256": digest,
            "assessment": model.statements["assessment"].predicate.get("decision"),
            "expires": model.expiry("assessment").isoformat(),
            "riskClass": metadata.risk_class,
        }
    return registry


RULES: Final[tuple[Rule, ...]] = (rego_rules_pass,)
