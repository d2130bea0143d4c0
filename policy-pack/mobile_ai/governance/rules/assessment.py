"""Requires a signed ethics assessment that covers the use of the model and has not expired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from mobile_ai.contracts.assessment_scope import Uses, covers, is_about, uncovered, uses_of
from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.predicates import AssessmentScopePredicate
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.governance.deployment import app_of, data_types, model_of, regions
from mobile_ai.governance.expiry import may_stay
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_FURTHER: Final = "have this use signed beside the version (`mobile-ai model scope`)"


@resource_rule(
    id="ethical-assessment-approved",
    title="An ethics reviewer's approval covers this app, data and region, and has not expired.",
    group="responsible_ai",
    severity="critical",
    frameworks=("EU AI Act Art. 9 and 27", "GDPR Art. 35", "NIST AI RMF GOVERN 1.2 and MAP 1.1"),
    remediation="have the use assessed and signed (`mobile-ai model approve`)",
    applies_to=(DEPLOYMENT,),
    parameters={
        "warnDays": Parameter(
            default=30, doc="Days before expiry from which the report warns.", weaker="lower"
        )
    },
)
def ethical_assessment_approved(case: Case) -> None:
    """Check decision, scope and expiry of the verified assessment and of scope records."""
    model = model_of(case)
    if model is None:
        _missing(case)
        return
    predicate = model.statements["assessment"].predicate
    if predicate.get("decision") != "approved":
        case.deny(
            "assessment", got=f"decision {predicate.get('decision')!r}", expected="'approved'"
        )
    _check_version(case, model, predicate)
    _check_scope(case, model, predicate)
    _check_expiry(case, model)


def _missing(case: Case) -> None:
    case.deny(
        "assessment",
        got="no verified model version",
        expected="one whose assessment is approved",
        next_step="see rule model-evidence-verified in docs/policies.md",
    )


def _check_version(case: Case, model: VerifiedModel, predicate: Mapping[str, Any]) -> None:
    metadata = model.manifest.metadata
    got = (predicate.get("model"), predicate.get("version"))
    if got != (metadata.name, metadata.version):
        case.deny("assessment", got=f"of {got}", expected=f"of {metadata.name} {metadata.version}")


def _check_scope(case: Case, model: VerifiedModel, predicate: Mapping[str, Any]) -> None:
    tier = case.at("spec", "dataProcessing", "privacyTier")
    if tier.missing:
        tier.deny("a privacy tier")
    values = {
        "apps": [app_of(case)],
        "dataTypes": data_types(case),
        "regions": [node.text() for node in regions(case)],
        "privacyTiers": [tier.text()],
    }
    use = {key: frozenset(items) - {""} for key, items in values.items()}
    further = _scopes(case, model)
    soon = case.now + timedelta(days=case.parameters["warnDays"])
    own = uses_of(predicate.get("scope"))
    if covers(use, [own, *_live(further, soon)]):
        return
    known = [own, *_live(further, case.now)]
    if covers(use, known):
        case.warn("assessment scope", got="a record that expires soon", expected="a renewed one")
    elif covers(use, [own, *(item.scope.uses for item in further)]):
        report = case.warn if may_stay(case) else case.deny
        got, expected = "a scope record that expired", "a renewed one"
        report("assessment scope", got=got, expected=expected, next_step=_FURTHER)
    else:
        _deny_use(case, use, known)


def _live(scopes: Iterable[AssessmentScopePredicate], moment: datetime) -> list[Uses]:
    return [item.scope.uses for item in scopes if item.expires > moment]


def _deny_use(case: Case, use: Uses, known: list[Uses]) -> None:
    missing = list(uncovered(use, known))
    for key, value, allowed in missing:
        case.deny(
            f"assessment scope.{key}",
            got=f"{value!r} in use",
            expected=f"one of {sorted(allowed)}",
            next_step=_FURTHER,
        )
    if not missing:
        got = "; ".join(f"{key} {sorted(items)}" for key, items in use.items())
        expected = "one scope that covers them together"
        case.deny("assessment scope", got=got, expected=expected, next_step=_FURTHER)


def _scopes(case: Case, model: VerifiedModel) -> list[AssessmentScopePredicate]:
    """Return the signed further uses of a version, under its own risk class."""
    return [
        item.content
        for item in case.facts.records.scopes
        if is_about(item.statement, item.content, model.manifest, digest=model.digest)
    ]


def _check_expiry(case: Case, model: VerifiedModel) -> None:
    expires = model.expiry("assessment")
    if expires <= case.now:
        # Expiry must not block a halt or a rollback (see `mobile_ai.governance.expiry`).
        report = case.warn if may_stay(case) else case.deny
        report("assessment", got=f"expired on {expires.date()}", expected="one that still counts")
    elif expires - case.now < timedelta(days=case.parameters["warnDays"]):
        case.warn("assessment", got=f"expires on {expires.date()}", expected="a renewed one soon")


RULES: Final[tuple[Rule, ...]] = (ethical_assessment_approved,)
