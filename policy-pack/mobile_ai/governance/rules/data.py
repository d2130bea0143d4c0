"""Checks declared data types, their privacy tier and the places where they are processed."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.contracts.vocabulary import PRIVACY_TIERS, tier_rank
from mobile_ai.governance.deployment import data_types, model_of, placements
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case


@resource_rule(
    id="privacy-tier-sufficient",
    title="The privacy tier is at least the minimum of the declared data types.",
    group="responsible_ai",
    severity="critical",
    frameworks=("GDPR Art. 4, 9 and 25", "EU AI Act Art. 10(5)"),
    remediation="declare at least the `privacyTier` that the data types require",
    applies_to=(DEPLOYMENT,),
)
def privacy_tier_sufficient(case: Case) -> None:
    """Compare the declared tier with the vocabulary."""
    vocabulary = case.facts.setting.config.vocabulary
    tier = case.at("spec", "dataProcessing", "privacyTier")
    known = [item for item in data_types(case) if item in vocabulary.types]
    if not known:
        case.deny("dataTypes", got="no known data type", expected=f"some of {vocabulary.names}")
        return
    least = vocabulary.minimum_tier(known)
    tier.require(
        lambda value: value in PRIVACY_TIERS and tier_rank(value) >= tier_rank(least),
        f"{least!r} or stricter for {sorted(known)}",
    )


@resource_rule(
    id="data-types-cover-inputs",
    title="The declared data types are known, and cover every input modality of the model.",
    group="responsible_ai",
    severity="high",
    frameworks=("GDPR Art. 30", "EU AI Act Art. 10", "NIST AI RMF MAP 2.1"),
    remediation="declare in `dataTypes` one for each input of the model",
    applies_to=(DEPLOYMENT,),
)
def data_types_cover_inputs(case: Case) -> None:
    """Compare the declared types with the manifest's modalities."""
    declared, config = data_types(case), case.facts.setting.config
    for item in sorted(set(declared) - set(config.vocabulary.types)):
        case.deny(
            "dataTypes",
            got=repr(item),
            expected=f"one of {config.vocabulary.names}",
            next_step=config.extending("vocabulary"),
        )
    model = model_of(case)
    needed = set(model.manifest.metadata.modalities) if model else set()
    if case.notes.unknowns:
        return
    for modality in sorted(needed - config.vocabulary.modalities_of(declared)):
        case.deny("dataTypes", got=f"none for {modality}", expected="one for every modality")


@resource_rule(
    id="data-placement-allowed",
    title="Data are processed only in places that their type allows.",
    group="responsible_ai",
    severity="high",
    frameworks=("GDPR Art. 5(1)(c) and 25", "NIST AI RMF MAP 1.6"),
    remediation="choose a `placement` where its data may be processed, or process other "
    "`dataTypes`",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
)
def data_placement_allowed(case: Case) -> None:
    """Check that no placement processes data types that must not be processed there."""
    used, vocabulary = data_types(case), case.facts.setting.config.vocabulary
    for item in placements(case):
        target = item.at("target")
        name = target.text()
        kept = vocabulary.kept_from(name, used) if name else []
        if kept:
            target.deny(f"another place for {kept}")


RULES: Final[tuple[Rule, ...]] = (
    privacy_tier_sufficient,
    data_types_cover_inputs,
    data_placement_allowed,
)
