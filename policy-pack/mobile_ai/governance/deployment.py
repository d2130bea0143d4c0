"""Accessors for the fields of a ``MobileAIDeployment`` that several rules read."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.reading import Property
from mobile_ai.governance.rule_context import Case

# The application's label, in the spelling of AWS tags and in that of Kubernetes labels.
APP_LABELS: Final = ("mobile-ai:app", "mobile-ai.dev/app")


def app_of(case: Case) -> str:
    """Return the application that a deployment belongs to; without one, deny and return ''."""
    for label in APP_LABELS:
        node = case.at("metadata", "labels", label)
        if not node.missing:
            return node.text()
    case.deny(
        "metadata.labels", got="no application", expected=f"one of the labels {list(APP_LABELS)}"
    )
    return ""


def model_of(case: Case) -> VerifiedModel | None:
    """Return the verified model version that a deployment pins, or ``None``."""
    return case.facts.models.get(case.at("spec", "aiModel", "sha256").text())


def data_types(case: Case) -> list[str]:
    """Return the data types that a deployment declares; deny if there are none."""
    node = case.at("spec", "dataProcessing", "dataTypes")
    found = node.texts()
    if not found and not case.notes.unknowns:
        node.deny("at least one data type")
    return found


def placements(case: Case) -> list[Property]:
    """Return the placements of a deployment; deny if there are none."""
    node = case.at("spec", "placement")
    found = node.items()
    if not found and not case.notes.unknowns:
        node.deny("at least one placement")
    return found


def regions(case: Case) -> list[Property]:
    """Return every region that a deployment names: of its data processing and its placements."""
    named = [
        item.at("region") for item in placements(case) if item.at("target").text() != "on-device"
    ]
    return [case.at("spec", "dataProcessing", "region"), *named]
