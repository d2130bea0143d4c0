"""Schema of a model version's manifest, ``apiVersion: mobile-ai/v1``.

Unknown fields are refused: a field that no reader checks would look like a promise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from mobile_ai.contracts.canonical import SHA256_PATTERN
from mobile_ai.contracts.vocabulary import Modality

__all__ = [
    "API_VERSION",
    "Artifact",
    "DatasetRef",
    "Dtype",
    "EvidenceRef",
    "FairnessResult",
    "Fallback",
    "Interval",
    "Lineage",
    "Metadata",
    "ModelManifest",
    "Parent",
    "Parity",
    "Profile",
    "Quality",
    "Recipe",
    "Requirements",
    "SelfTest",
    "TensorSpec",
]

API_VERSION: Final = "mobile-ai/v1"
"""``apiVersion`` of manifests with this schema."""

Dtype = Literal["FP32", "FP16", "INT8", "UINT8", "INT32", "INT64", "BOOL", "BYTES"]
"""Element types, in the words of the Open Inference Protocol."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Version = Annotated[
    str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$")
]
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]
# Forward slashes and no segment that starts with a dot: a file below the manifest's folder.
RelativeFile = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$")
]
ArtifactUri = Annotated[
    str, Field(pattern=r"^(s3://|oci://|models:/)[A-Za-z0-9._:/@-]+$", max_length=512)
]
Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )


class Metadata(_Model):
    """Identity of the model version and its responsible team."""

    name: Name
    version: Version
    modalities: tuple[Modality, ...] = Field(min_length=1)
    task: str = Field(min_length=1, description="Such as image-classification.")
    description: str = ""
    owners: tuple[str, ...] = Field(min_length=1, description="Mail addresses or team names.")
    created: AwareDatetime
    risk_class: Literal["minimal", "limited", "high"] = Field(
        description="EU AI Act risk class of the intended use."
    )
    licence: str | None = Field(
        default=None,
        min_length=1,
        description="Of the model: SPDX id or expression, or a name; absent: nobody stated one.",
    )


class TensorSpec(_Model):
    """One input or output of the model, as every artifact of it offers it."""

    name: str = Field(min_length=1)
    dtype: Dtype
    shape: tuple[int, ...] = Field(description="-1 stands for a free size (the batch).")
    modality: Modality | None = Field(default=None, description="Inputs only.")


class DatasetRef(_Model):
    """A data set that went into the model or its evaluation."""

    name: Name
    digest: Sha256 = Field(description="SHA-256 of the rows used, in the order used.")
    source: str = Field(description="Origin: package, version and path inside.")
    rows: int = Field(ge=1)
    use: Literal["training", "fine-tuning", "calibration", "evaluation"]
    licence: str = Field(min_length=1, description="SPDX id, or a name.")
    sensitive_attributes: tuple[str, ...] = ()


class Recipe(_Model):
    """The recipe that made it."""

    file: str
    sha256: Sha256


class Parent(_Model):
    """The version that this one was fine-tuned from."""

    version: Version
    sha256: Sha256 = Field(description="Of the parent's manifest file.")


class Lineage(_Model):
    """Provenance of the model: data sets, recipe, source."""

    datasets: tuple[DatasetRef, ...]
    recipe: Recipe
    source_commit: str = Field(pattern=r"^[0-9a-f]{40}$|^unknown$")
    parent: Parent | None = None


class Requirements(_Model):
    """Minimum device requirements of an artifact."""

    min_android_api: int | None = Field(default=None, ge=21)
    min_ios: str | None = None
    min_ram_mb: int = Field(ge=1)
    runtime: str = Field(description="Such as LiteRT >= 2.0 or onnxruntime >= 1.23.")
    delegates: tuple[str, ...] = ("cpu",)


class Interval(_Model):
    """A 95 % interval and how it was found."""

    low: float
    high: float
    method: str = "bootstrap"

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Profile(_Model):
    """Latency and memory of the artifact, single-threaded, on the machine named."""

    machine: str
    latency_p50_ms: NonNegative
    latency_p95_ms: NonNegative
    peak_memory_bytes: int = Field(ge=0)
    macs: int | None = Field(default=None, ge=0, description="Multiply-accumulates an inference.")
    energy_mj: NonNegative | None = Field(default=None, description="Estimate, an inference.")
    energy_method: str | None = None


class Parity(_Model):
    """Agreement of the artifact with the fp32 model on the same held-out rows."""

    reference: str = Field(description="The variant compared with.")
    agreement: Share | None = Field(default=None, description="Share of equal top-1 answers.")
    max_abs_error: NonNegative


class Quality(_Model):
    """Quality of the artifact, measured on its own file."""

    metric: str
    value: float
    interval: Interval
    n: int = Field(ge=1)
    parity: Parity | None = None


class FairnessResult(_Model):
    """Difference between groups of people in the artifact's answers, measured on its own file."""

    attribute: str = Field(description="Such as sex.")
    metric: str = Field(description="Such as demographic-parity-difference.")
    value: float
    interval: Interval
    worst_group: str
    n: int = Field(ge=1, description="Rows in the smallest group counted.")


class Artifact(_Model):
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


class SelfTest(_Model):
    """Inputs and the outputs expected, which a device checks before it uses the model."""

    file: RelativeFile
    sha256: Sha256
    tolerance: NonNegative


class Fallback(_Model):
    """Behaviour of a device when this version is halted or removed."""

    mode: Literal["embedded", "off"]


class EvidenceRef(_Model):
    """A file of evidence beside the manifest."""

    kind: Literal["provenance", "evaluation", "assessment", "bom", "signature"]
    file: RelativeFile
    sha256: Sha256


class ModelManifest(_Model):
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
        _refuse_repeats("artifacts.variant", [item.variant for item in self.artifacts])
        _refuse_repeats("artifacts.file", [item.file for item in self.artifacts])
        _refuse_repeats("evidence.kind", [item.kind for item in self.evidence])
        _refuse_repeats("inputs.name", [item.name for item in self.inputs])
        return self

    def artifact(self, variant: str) -> Artifact | None:
        """Return the artifact of a variant, or ``None``."""
        return next((item for item in self.artifacts if item.variant == variant), None)

    @property
    def created(self) -> datetime:
        """Time at which the version was made."""
        return self.metadata.created

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values in the order of the schema, without empty optional fields."""
        value: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return value


def _refuse_repeats(what: str, values: list[str]) -> None:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        raise ValueError(f"{what} repeats {repeated}")
