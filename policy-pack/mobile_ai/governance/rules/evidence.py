"""Requires verified evidence of every model version, and a verified version per deployment."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.reading import one_of
from mobile_ai.contracts.tokens import DEPLOYMENT, MODEL_VERSION
from mobile_ai.governance.deployment import model_of
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case


@resource_rule(
    id="model-evidence-verified",
    title="Every model version's evidence is complete, unchanged and signed by the right roles.",
    group="responsible_ai",
    severity="critical",
    frameworks=(
        "EU AI Act Art. 11, 12 and 15",
        "NIST AI RMF MEASURE 2.8",
        "SLSA 1.2 Build L2",
    ),
    remediation="pin a version that `mobile-ai model verify` passes",
    applies_to=(MODEL_VERSION, DEPLOYMENT),
)
def model_evidence_verified(case: Case) -> None:
    """Report why a version fails verification, or that a deployment pins no verified version."""
    if case.resource.type == MODEL_VERSION:
        _version(case)
    else:
        _deployment(case)


def _version(case: Case) -> None:
    for key in ("sha256", "manifest", "evidence"):
        case.at(key).plain()
    error = case.facts.refusals.get(case.resource.urn)
    if error is not None and not case.notes.unknowns:
        case.deny(error.what, got=error.got, expected=error.expected, next_step=error.next_step)
    model = case.facts.models.get(case.at("sha256").text())
    if model is not None:
        metadata = model.manifest.metadata
        case.at("model").require(one_of(metadata.name), f"{metadata.name!r}, as the manifest says")
        case.at("version").require(one_of(metadata.version), f"{metadata.version!r}, likewise")


def _deployment(case: Case) -> None:
    pin, model = case.at("spec", "aiModel", "sha256"), model_of(case)
    if not pin.known:
        pin.require(one_of(), "the SHA-256 of a verified manifest")
    elif model is None:
        pin.deny("the digest of a ModelVersion that came before and was verified")
    else:
        metadata = model.manifest.metadata
        case.at("spec", "aiModel", "id").require(one_of(metadata.name), f"{metadata.name!r}")
        case.at("spec", "aiModel", "version").require(
            one_of(metadata.version), f"{metadata.version!r}"
        )


RULES: Final[tuple[Rule, ...]] = (model_evidence_verified,)
