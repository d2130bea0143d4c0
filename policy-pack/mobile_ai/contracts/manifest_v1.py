"""Schema of a model version's manifest, ``apiVersion: mobile-ai/v1``.

Files of this version are signed and stay as they are: `mobile_ai.contracts.manifest` reads
them and returns the form of the present version. Unknown fields are refused: a field that no
reader checks would look like a promise.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from mobile_ai.contracts import manifest_parts as parts
from mobile_ai.contracts.manifest_parts import (
    ArtifactUri,
    Dtype,
    EvidenceRef,
    Fallback,
    Interval,
    Lineage,
    ManifestPart,
    Name,
    NonNegative,
    RelativeFile,
    Sha256,
    Share,
    refuse_repeats,
)
from mobile_ai.contracts.vocabulary import Modality

API_VERSION: Final = "mobile-ai/v1"
"""``apiVersion`` of manifests with this schema."""


class Metadata(parts.Metadata):
    """Identity of the model version and its responsible team."""

    licence: str | None = Field(
        default=None,
        min_length=1,
        description="Of the model: SPDX id or expression, or a name; absent: nobody stated one.",
    )


class TensorSpec(ManifestPart):
    """One input or output of the model, as every artifact of it offers it."""

    name: str = Field(min_length=1)
    dtype: Dtype
    shape: tuple[int, ...] = Field(description="-1 stands for a free size (the batch).")
    modality: Modality | None = Field(default=None, description="Inputs only.")


class Requirements(ManifestPart):
    """Minimum device requirements of an artifact."""

    min_android_api: int | None = Field(default=None, ge=21)
    min_ios: str | None = None
    min_ram_mb: int = Field(ge=1)
    runtime: str = Field(description="Such as LiteRT >= 2.0 or onnxruntime >= 1.23.")
    delegates: tuple[str, ...] = ("cpu",)


class Profile(ManifestPart):
    """Latency and memory of the artifact, single-threaded, on the machine named."""

    machine: str
    latency_p50_ms: NonNegative
    latency_p95_ms: NonNegative
    peak_memory_bytes: int = Field(ge=0)
    macs: int | None = Field(default=None, ge=0, description="Multiply-accumulates an inference.")
    energy_mj: NonNegative | None = Field(default=None, description="Estimate, an inference.")
    energy_method: str | None = None


class Parity(ManifestPart):
    """Agreement of the artifact with the fp32 model on the same held-out rows."""

    reference: str = Field(description="The variant compared with.")
    agreement: Share | None = Field(default=None, description="Share of equal top-1 answers.")
    max_abs_error: NonNegative


class Quality(ManifestPart):
    """Quality of the artifact, measured on its own file."""

    metric: str
    value: float
    interval: Interval
    n: int = Field(ge=1)
    parity: Parity | None = None


class FairnessResult(ManifestPart):
    """Difference between groups of people in the artifact's answers, measured on its own file."""

    attribute: str = Field(description="Such as sex.")
    metric: str = Field(description="Such as demographic-parity-difference.")
    value: float
    interval: Interval
    worst_group: str
    n: int = Field(ge=1, description="Rows in the smallest group counted.")


class Artifact(ManifestPart):
    """A file that a phone, an edge site or a function loads.

    ``file`` is relative to the manifest's folder; a large artifact has a ``uri`` too and
    is not in Git.
    """

    variant: Name
    format: Literal["tflite", "onnx", "coreml"]
    file: RelativeFile
    uri: ArtifactUri | None = None
    sha256: Sha256
    bytes: int = Field(ge=1)
    requirements: Requirements
    profile: Profile | None = Field(
        default=None, description="Absent where the platform that measures cannot run the format."
    )
    quality: Quality | None = None
    fairness: tuple[FairnessResult, ...] = ()


class SelfTest(ManifestPart):
    """Inputs and the outputs expected, which a device checks before it uses the model."""

    file: RelativeFile
    sha256: Sha256
    tolerance: NonNegative


class ModelManifest(ManifestPart):
    """A model version: what it is, where it comes from, how it behaves, who vouches for it."""

    api_version: Literal["mobile-ai/v1"]
    kind: Literal["ModelVersion"]
    metadata: Metadata
    inputs: tuple[TensorSpec, ...] = Field(min_length=1)
    outputs: tuple[TensorSpec, ...] = Field(min_length=1)
    lineage: Lineage
    artifacts: tuple[Artifact, ...] = Field(min_length=1)
    self_test: SelfTest | None = None
    fallback: Fallback
    evidence: tuple[EvidenceRef, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> ModelManifest:
        refuse_repeats("artifacts.variant", [item.variant for item in self.artifacts])
        refuse_repeats("artifacts.file", [item.file for item in self.artifacts])
        refuse_repeats("evidence.kind", [item.kind for item in self.evidence])
        refuse_repeats("inputs.name", [item.name for item in self.inputs])
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values in the order of the schema, without empty optional fields."""
        value: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return value
