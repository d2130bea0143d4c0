"""Closed enumerations shared by manifests, stack files, rules and reports."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal, get_args

__all__ = [
    "DATA_TYPES",
    "DEVICE_CLASSES",
    "MODALITIES",
    "MODALITY_OF_DATA_TYPE",
    "PRIVACY_TIERS",
    "TARGETS",
    "DataType",
    "DeviceClass",
    "Environment",
    "Modality",
    "PrivacyTier",
    "Target",
    "minimum_tier",
    "tier_rank",
]

Environment = Literal["dev", "prod"]
"""Kind of a stack, which selects trust and bounds."""
Modality = Literal["vision", "audio", "text", "motion", "tabular"]
"""Kind of a model's input."""
PrivacyTier = Literal["Public", "Internal", "GDPR_Personal", "GDPR_Sensitive"]
"""Protection of data, from least to most."""
Target = Literal["on-device", "edge", "cloud"]
"""Kind of place where a model runs."""
DeviceClass = Literal["entry", "mid-range", "high-end"]
"""Class of phones, from weakest to strongest."""
DataType = Literal[
    "camera-image",
    "document-image",
    "face-image",
    "voice-audio",
    "ambient-audio",
    "message-text",
    "motion-sensor",
    "customer-profile",
]
"""Kind of data that an application passes to a model."""

MODALITIES: Final[tuple[str, ...]] = get_args(Modality)
PRIVACY_TIERS: Final[tuple[str, ...]] = get_args(PrivacyTier)  # from least to most protected
TARGETS: Final[tuple[str, ...]] = get_args(Target)
DEVICE_CLASSES: Final[tuple[str, ...]] = get_args(DeviceClass)
DATA_TYPES: Final[tuple[str, ...]] = get_args(DataType)

# Input modality of each data type: a deployment must declare a data type for every modality of its
# model.
MODALITY_OF_DATA_TYPE: Final = MappingProxyType(
    {
        "camera-image": "vision",
        "document-image": "vision",
        "face-image": "vision",
        "voice-audio": "audio",
        "ambient-audio": "audio",
        "message-text": "text",
        "motion-sensor": "motion",
        "customer-profile": "tabular",
    }
)

# Lowest privacy tier that a data type may be declared under. Faces and voices identify a person and
# are biometric data when processed for that purpose (GDPR Art. 4(14), Art. 9(1)); message content
# and customer records are personal data (Art. 4(1)).
_MINIMUM_TIER: Final = MappingProxyType(
    {
        "camera-image": "GDPR_Personal",
        "document-image": "Internal",
        "face-image": "GDPR_Sensitive",
        "voice-audio": "GDPR_Sensitive",
        "ambient-audio": "GDPR_Personal",
        "message-text": "GDPR_Personal",
        "motion-sensor": "GDPR_Personal",
        "customer-profile": "GDPR_Personal",
    }
)


def tier_rank(tier: str) -> int:
    """Return the rank of a privacy tier, 0 for the least protected.

    Raises:
        ValueError: If the tier is not one of ``PRIVACY_TIERS``.
    """
    return PRIVACY_TIERS.index(tier)


def minimum_tier(data_types: tuple[str, ...]) -> str:
    """Return the lowest privacy tier that data of these types may be declared under.

    Raises:
        KeyError: If a data type is not one of ``DATA_TYPES``.
        ValueError: If no data type is given.
    """
    return max((_MINIMUM_TIER[data_type] for data_type in data_types), key=tier_rank)
