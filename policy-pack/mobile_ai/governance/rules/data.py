"""Checks declared data types, their privacy tier and the places where they are processed."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.contracts.vocabulary import (
    DATA_TYPES,
    MODALITY_OF_DATA_TYPE,
    PRIVACY_TIERS,
    minimum_tier,
    tier_rank,
)
from mobile_ai.governance.deployment import data_types, model_of, placements
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

__all__ = ["RULES"]


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
    """Compare the declared tier with the pack's own table."""
    tier = case.at("spec", "dataProcessing", "privacyTier")
    known = [item for item in data_types(case) if item in DATA_TYPES]
    if not known:
        case.deny("dataTypes", got="no known data type", expected=f"some of {list(DATA_TYPES)}")
        return
    least = minimum_tier(tuple(known))
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
    declared = data_types(case)
    for item in sorted(set(declared) - set(DATA_TYPES)):
        case.deny("dataTypes", got=repr(item), expected=f"one of {list(DATA_TYPES)}")
    model = model_of(case)
    needed = set(model.manifest.metadata.modalities) if model else set()
    if case.notes.unknowns:
        return
    covered = {MODALITY_OF_DATA_TYPE.get(item) for item in declared}
    for modality in sorted(needed - covered):
        case.deny("dataTypes", got=f"none for {modality}", expected="one for every modality")


@resource_rule(
    id="data-placement-allowed",
    title="Data that must stay on the device are not processed at a site or in the cloud.",
    group="responsible_ai",
    severity="high",
    frameworks=("GDPR Art. 5(1)(c) and 25", "NIST AI RMF MAP 1.6"),
    remediation="choose a `placement` where its data may be processed, or process other "
    "`dataTypes`",
    applies_to=(DEPLOYMENT,),
    waivable_by="ethics-reviewer",
    parameters={
        "notInCloud": Parameter(
            default=["face-image", "voice-audio"],
            doc="Data types that no cloud placement may process.",
            weaker="fewer",
        ),
        "onDeviceOnly": Parameter(
            default=[], doc="Data types that may not leave the device.", weaker="fewer"
        ),
    },
)
def data_placement_allowed(case: Case) -> None:
    """Check that no placement processes data types that must not be processed there."""
    used = set(data_types(case))
    bound = {
        "cloud": used & {*case.parameters["notInCloud"], *case.parameters["onDeviceOnly"]},
        "edge": used & set(case.parameters["onDeviceOnly"]),
    }
    for item in placements(case):
        target = item.at("target")
        kept = bound.get(target.text())
        if kept:
            target.deny(f"another place for {sorted(kept)}")


RULES: Final[tuple[Rule, ...]] = (
    privacy_tier_sufficient,
    data_types_cover_inputs,
    data_placement_allowed,
)
