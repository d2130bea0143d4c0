"""Closed enumerations and forms of names, shared by manifests, stack files, rules and reports."""

from __future__ import annotations

from typing import Final, Literal, get_args

StackClass = Literal["development", "production"]
"""Class of a stack: a production stack needs an own domain, and two signatures for its roots."""
Modality = Literal["vision", "audio", "text", "motion", "tabular"]
"""Kind of a model's input."""
PrivacyTier = Literal["Public", "Internal", "GDPR_Personal", "GDPR_Sensitive"]
"""Protection of data, from least to most."""
RiskClass = Literal["minimal", "limited", "high"]
"""EU AI Act risk class of an intended use."""
Target = Literal["on-device", "edge", "cloud"]
"""Kind of place where a model runs."""
DeviceClass = Literal["entry", "mid-range", "high-end"]
"""Class of phones, from weakest to strongest."""

MODALITIES: Final[tuple[str, ...]] = get_args(Modality)
"""Modalities of models."""
PRIVACY_TIERS: Final[tuple[str, ...]] = get_args(PrivacyTier)
"""Privacy tiers, from least to most protected."""
TARGETS: Final[tuple[str, ...]] = get_args(Target)
"""Places where a model can run."""
DEVICE_CLASSES: Final[tuple[str, ...]] = get_args(DeviceClass)
"""Classes of phones, from weakest to strongest."""

ENVIRONMENT_PATTERN: Final = r"^[a-z][a-z0-9-]{0,30}$"
"""Form of an environment's name."""
DATA_TYPE_PATTERN: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""Form of a data type's name."""
LONGEST_DATA_TYPE: Final = 48
"""Longest name of a data type."""


def is_system_namespace(name: str) -> bool:
    """Return whether a Kubernetes namespace is one that every cluster has, and runs others' pods.

    Kubernetes reserves the prefix ``kube-``; what names no namespace runs in ``default``.
    """
    return name == "default" or name.startswith("kube-")


def tier_rank(tier: str) -> int:
    """Return the rank of a privacy tier, 0 for the least protected.

    Raises:
        ValueError: If the tier is not one of ``PRIVACY_TIERS``.
    """
    return PRIVACY_TIERS.index(tier)
