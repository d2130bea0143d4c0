"""Schema of a model version's manifest, ``apiVersion: mobile-ai/v1``, and its form in v2.

Files of this version are signed and stay as they are: `mobile_ai.contracts.manifest` reads
them and returns what `upgrade` makes of them. Unknown fields are refused: a field that no
reader checks would look like a promise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field, model_validator

from mobile_ai.contracts import manifest_io as io
from mobile_ai.contracts import manifest_parts as parts
from mobile_ai.contracts import manifest_v2 as v2
from mobile_ai.contracts.manifest_parts import (
    UNSTATED,
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
    StatedCount,
    StatedText,
    StatedTexts,
    Unknown,
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


def upgrade(manifest: ModelManifest) -> v2.ModelManifest:
    """Return a manifest ``mobile-ai/v1`` in the form of ``mobile-ai/v2``.

    Defined for every valid manifest. A 0 where a measurement stands says that nothing was
    measured, since the builders of ``mobile-ai/v1`` wrote it so.
    """
    return v2.ModelManifest(
        api_version=v2.API_VERSION,
        kind=manifest.kind,
        metadata=parts.Metadata(**manifest.metadata.model_dump(exclude={"licence"})),
        licence=manifest.metadata.licence or UNSTATED,
        origin=UNSTATED,
        io=_io(manifest),
        serving=v2.Serving(batching=UNSTATED, instances=UNSTATED),
        lineage=manifest.lineage,
        artifacts=tuple(_artifact(item) for item in manifest.artifacts),
        self_test=_self_test(manifest.self_test),
        fallback=v2.Fallback(mode=manifest.fallback.mode, stale_after=UNSTATED),
        statements=tuple(v2.StatementRef(**item.model_dump()) for item in manifest.evidence),
    )


def _io(manifest: ModelManifest) -> io.ModelIO:
    return io.ModelIO(
        inputs=tuple(io.TensorSpec(**item.model_dump()) for item in manifest.inputs),
        outputs=tuple(io.TensorSpec(**item.model_dump()) for item in manifest.outputs),
        preprocessing=UNSTATED,
        postprocessing=UNSTATED,
        state=UNSTATED,
    )


def _artifact(item: Artifact) -> v2.Artifact:
    file = v2.ArtifactFile(path=item.file, sha256=item.sha256, bytes=item.bytes, kind="model")
    return v2.Artifact(
        variant=item.variant,
        format=item.format,
        digest=item.sha256,
        files=(file,),
        uri=item.uri,
        requirements=_requirements(item.requirements),
        profile=None if item.profile is None else _profile(item.profile),
        parity=None if item.quality is None else _parity(item.quality.parity),
        evidence=tuple(_evidence(item)),
    )


def _requirements(stated: Requirements) -> v2.Requirements:
    api, ios = stated.min_android_api, stated.min_ios
    return v2.Requirements(
        min_android_api=UNSTATED if api is None else StatedCount(value=api, how="declared"),
        min_ios=UNSTATED if ios is None else StatedText(value=ios, how="declared"),
        min_ram_mb=StatedCount(value=stated.min_ram_mb, how="declared"),
        runtime=StatedText(value=stated.runtime, how="declared"),
        delegates=StatedTexts(value=stated.delegates, how="declared"),
    )


def _profile(stated: Profile) -> v2.Profile:
    return v2.Profile(
        machine=stated.machine,
        latency_p50_ms=stated.latency_p50_ms or UNSTATED,
        latency_p95_ms=stated.latency_p95_ms or UNSTATED,
        peak_memory_bytes=stated.peak_memory_bytes or UNSTATED,
        macs=stated.macs or UNSTATED,
        energy_mj=stated.energy_mj or UNSTATED,
        energy_method=stated.energy_method,
    )


def _parity(stated: Parity | None) -> v2.Parity | None:
    if stated is None:
        return None
    agreement: float | Unknown = UNSTATED if stated.agreement is None else stated.agreement
    return v2.Parity(
        reference=stated.reference, agreement=agreement, max_abs_error=stated.max_abs_error
    )


def _evidence(item: Artifact) -> Iterator[v2.Measurement]:
    if item.quality is not None:
        yield v2.Measurement(
            metric=item.quality.metric,
            value=item.quality.value,
            interval=item.quality.interval,
            n=item.quality.n,
            rows=UNSTATED,
            by="evaluator",
        )
    for part in item.fairness:
        worst = v2.GroupSlice(attribute=part.attribute, group=part.worst_group, worst=True)
        yield v2.Measurement(
            metric=part.metric,
            slice=(worst,),
            value=part.value,
            interval=part.interval,
            n=part.n,
            rows=UNSTATED,
            by="evaluator",
        )


def _self_test(stated: SelfTest | None) -> v2.SelfTest | None:
    if stated is None:
        return None
    return v2.SelfTest(file=stated.file, digest=stated.sha256, tolerance=stated.tolerance)
