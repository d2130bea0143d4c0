"""Parts of a manifest that every ``apiVersion`` of its schema has, and values that may be unknown.

A value that nobody measured or declared is the text ``unknown``, never 0 and never absent:
rules that need it deny.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, model_validator

from mobile_ai.contracts.canonical import SHA256_PATTERN
from mobile_ai.contracts.models import StrictModel
from mobile_ai.contracts.vocabulary import Modality, RiskClass

Dtype = Literal["FP32", "FP16", "INT8", "UINT8", "INT32", "INT64", "BOOL", "BYTES"]
"""Element types, in the words of the Open Inference Protocol."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""Name of a model, variant or data set."""
Version = Annotated[
    str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$")
]
"""Semantic version."""
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]
"""SHA-256, 64 hexadecimal digits."""
RelativeFile = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$")
]
"""File below the manifest's folder: forward slashes, no segment that starts with a dot."""
ArtifactUri = Annotated[
    str, Field(pattern=r"^(s3://|oci://|models:/)[A-Za-z0-9._:/@-]+$", max_length=512)
]
"""Address of a large artifact, which is not in Git."""
Share = Annotated[float, Field(ge=0, le=1)]
"""Fraction of 1."""
NonNegative = Annotated[float, Field(ge=0)]
"""Figure from 0."""
Count = Annotated[int, Field(ge=1)]
"""Number of things; 0 is never a measurement of them."""
Positive = Annotated[float, Field(gt=0)]
"""Measured figure that cannot be 0."""

Unknown = Literal["unknown"]
"""Value that nobody measured, declared or derived."""
UNSTATED: Final[Unknown] = "unknown"
"""The one value of ``Unknown``."""
_How = Literal["measured", "declared", "derived"]


class ManifestPart(StrictModel):
    """Base of every part of a manifest; unknown fields are refused."""


class StatedCount(ManifestPart):
    """A whole number and how it is known."""

    value: Count
    how: _How


class StatedText(ManifestPart):
    """A text and how it is known."""

    value: str
    how: _How


class StatedTexts(ManifestPart):
    """Texts and how they are known."""

    value: tuple[str, ...]
    how: _How


class Metadata(ManifestPart):
    """Identity of the model version and its responsible team."""

    name: Name
    version: Version
    modalities: tuple[Modality, ...] = Field(min_length=1)
    task: str = Field(min_length=1, description="Such as image-classification.")
    description: str = ""
    owners: tuple[str, ...] = Field(min_length=1, description="Mail addresses or team names.")
    created: AwareDatetime
    risk_class: RiskClass = Field(description="EU AI Act risk class of the intended use.")


class DatasetRef(ManifestPart):
    """A data set that went into the model or its evaluation."""

    name: Name
    digest: Sha256 = Field(description="SHA-256 of the rows used, in the order used.")
    source: str = Field(description="Origin: package, version and path inside.")
    rows: int = Field(ge=1)
    use: Literal["training", "fine-tuning", "calibration", "evaluation"]
    licence: str = Field(min_length=1, description="SPDX id, or a name.")
    sensitive_attributes: tuple[str, ...] = ()


class Recipe(ManifestPart):
    """The recipe that made it."""

    file: str
    sha256: Sha256


class Parent(ManifestPart):
    """The version that this one was fine-tuned from."""

    version: Version
    sha256: Sha256 = Field(description="Of the parent's manifest file.")


class Lineage(ManifestPart):
    """Provenance of the model: data sets, recipe, source."""

    datasets: tuple[DatasetRef, ...]
    recipe: Recipe
    source_commit: str = Field(pattern=r"^[0-9a-f]{40}$|^unknown$")
    parent: Parent | None = None


class Interval(ManifestPart):
    """A 95 % interval and how it was found."""

    low: float
    high: float
    method: str = "bootstrap"

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Fallback(ManifestPart):
    """Behaviour of a device when this version is halted or removed."""

    mode: Literal["embedded", "off"]


class EvidenceRef(ManifestPart):
    """A file of evidence beside the manifest."""

    kind: Literal["provenance", "evaluation", "assessment", "bom", "signature"]
    file: RelativeFile
    sha256: Sha256


def refuse_repeats(what: str, values: list[str]) -> None:
    """Raise an error that names the values that stand in a list more than once.

    Raises:
        ValueError: If any does.
    """
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{what} repeats {repeated}")


def known(figure: float | Unknown) -> float | None:
    """Return a figure, or ``None`` if it is unknown."""
    return None if isinstance(figure, str) else figure
