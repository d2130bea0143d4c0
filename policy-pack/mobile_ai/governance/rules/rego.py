"""Applies custom Rego rules from ``policy-pack/rego`` to deployments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.governance.geography import HOME
from mobile_ai.governance.rego import shared_rego
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
    """Evaluate every module on the deployment; an unknown in it denies, and so does a problem."""
    modules = case.facts.setting.rego
    document = case.at().plain() if modules else None
    if document is None:
        return
    rego = shared_rego()
    problems = rego.problems(modules)
    for item in problems:
        place = f"line {item.line}: " if item.line else ""
        case.deny(
            f"rego {item.file}",
            got=f"{place}{item.got}",
            expected=item.expected,
            next_step=item.next_step,
        )
    if problems:
        return
    result = rego.evaluate(modules, input_of(document), data=_data(case), now=case.now)
    for message in result.denials:
        case.deny("rego", got=message, expected="no denial")
    for message in result.warnings:
        case.warn("rego", got=message, expected="no warning")


def input_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the deployment with the region of its data as a label, unless it has such a label."""
    metadata = document.get("metadata", {})
    region = document.get("spec", {}).get("dataProcessing", {}).get("region")
    labels = {"region": region, **metadata.get("labels", {})}
    return {**document, "metadata": {**metadata, "labels": labels}}


def _data(case: Case) -> dict[str, Any]:
    geography = case.facts.setting.config.geography
    places = {name: geography.regions([name]) for name in (HOME, *geography.jurisdictions)}
    return {"ai_registry": _registry(case), "jurisdictions": places}


def _registry(case: Case) -> dict[str, Any]:
    """Return the verified model versions, by model and version, and the same below `models`."""
    registry: dict[str, Any] = {}
    for digest, model in case.facts.models.items():
        metadata = model.manifest.metadata
        decision = model.statements["assessment"].predicate.get("decision")
        registry.setdefault(metadata.name, {})[metadata.version] = {
            "sha256": digest,
            "assessment": decision,
            "ethical_assessment_approved": decision == "approved",
            "expires": model.expiry("assessment").isoformat(),
            "riskClass": metadata.risk_class,
        }
    models = {name: {"versions": versions} for name, versions in registry.items()}
    # A model of that name has versions, which begin with a digit, as no name does.
    return {**registry, "models": {**registry.get("models", {}), **models}}


RULES: Final[tuple[Rule, ...]] = (rego_rules_pass,)
