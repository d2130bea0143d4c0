"""Schema of a model version's manifest, ``apiVersion: mobile-ai/v2``, and its typed form.

Manifests of every version are read into these types. Unknown fields are refused: a field that
no reader checks would look like a promise. A value that was neither measured nor declared is
``unknown``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import inf
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from mobile_ai.contracts import manifest_parts as parts
from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.errors import ManifestError
from mobile_ai.contracts.manifest_io import ModelIO
from mobile_ai.contracts.manifest_parts import (
    UNSTATED,
    ArtifactUri,
    Count,
    Interval,
    Lineage,
    ManifestPart,
    Metadata,
    Name,
    NonNegative,
    Positive,
    RelativeFile,
    Sha256,
    Share,
    StatedCount,
    StatedText,
    StatedTexts,
    Unknown,
    refuse_repeats,
)
from mobile_ai.contracts.metrics import is_cost

API_VERSION: Final = "mobile-ai/v2"
"""``apiVersion`` of manifests with this schema."""


class Fallback(parts.Fallback):
    """Behaviour of a device when this version is halted or removed."""

    stale_after: Count | Unknown = Field(
        description="Hours without current halts after which the device switches the feature off."
    )


class StatementRef(ManifestPart):
    """A file of evidence beside the manifest."""

    kind: Literal[
        "provenance",
        "evaluation",
        "assessment",
        "bom",
        "signature",
        "device-report",
        "model-card",
        "vendor-evaluation",
    ]
    file: RelativeFile
    sha256: Sha256


class FileRef(ManifestPart):
    """A file beside the manifest, by its digest."""

    file: RelativeFile
    digest: Sha256


class ArtifactFile(ManifestPart):
    """One file of an artifact, relative to the manifest's folder."""

    path: RelativeFile = Field(description="Relative to the manifest's folder.")
    sha256: Sha256
    bytes: Count
    kind: Literal["model", "weights", "tokenizer", "labels", "config"]


class Requirements(ManifestPart):
    """Minimum device requirements of an artifact; each says how it is known."""

    min_android_api: StatedCount | Unknown
    min_ios: StatedText | Unknown
    min_ram_mb: StatedCount | Unknown
    runtime: StatedText | Unknown = Field(
        description="Such as LiteRT >= 2.0 or onnxruntime >= 1.23."
    )
    delegates: StatedTexts | Unknown = Field(description="Such as cpu.")

    def facts(self) -> dict[str, Any]:
        """Return the known values as devices read them."""
        known = ((name, getattr(self, name)) for name in type(self).model_fields)
        aliases = {name: str(field.alias) for name, field in type(self).model_fields.items()}
        return {aliases[name]: _plain(item.value) for name, item in known if item != UNSTATED}


class Profile(ManifestPart):
    """Latency and memory of the artifact, single-threaded, on the machine named."""

    machine: str = Field(description="Machine and runtime that measured.")
    latency_p50_ms: Positive | Unknown = Field(description="Median of an inference.")
    latency_p95_ms: Positive | Unknown
    peak_memory_bytes: Count | Unknown = Field(description="Growth by load and first runs.")
    macs: Count | Unknown = Field(description="Multiply-accumulates an inference.")
    energy_mj: Positive | Unknown = Field(description="Estimate, an inference.")
    energy_method: str | None = Field(default=None, description="Formula of the estimate.")


class Parity(ManifestPart):
    """Agreement of the artifact with the reference variant on the same rows."""

    reference: str = Field(description="The variant compared with.")
    agreement: Share | Unknown = Field(description="Share of equal top-1 answers.")
    max_abs_error: NonNegative | Unknown


class GroupSlice(ManifestPart):
    """Rows of one group, of people or of conditions; several together are those of all groups."""

    attribute: str = Field(description="Such as sex, or device-class.")
    group: str
    worst: bool = Field(
        default=False,
        description="The metric compares all groups of the attribute; this one decides its value.",
    )


class Measurement(ManifestPart):
    """One figure about the artifact's answers, measured on its own files."""

    metric: str = Field(description="Name in the table of metrics.")
    slice: tuple[GroupSlice, ...] = Field(default=(), description="Empty: all rows.")
    value: float
    interval: Interval | Unknown
    n: Count | Unknown = Field(description="Rows counted; of the smallest group, if compared.")
    rows: Sha256 | Unknown = Field(description="Digest of the rows.")
    by: Literal["evaluator", "builder", "device-lab", "vendor"] = Field(
        description="Role that measured it; vendor: stated by whom the model is from."
    )

    @property
    def bounds(self) -> tuple[float, float]:
        """Ends of the interval; without one the value may be anything."""
        if isinstance(self.interval, Interval):
            return self.interval.low, self.interval.high
        return -inf, inf

    def counts(self, least: float) -> bool:
        """Return whether at least so many rows are known to have been counted."""
        return self.n != UNSTATED and self.n >= least

    @property
    def compares_groups(self) -> bool:
        """True if the metric compares groups of people."""
        return any(item.worst for item in self.slice)

    @property
    def attribute(self) -> str:
        """Attributes of the slice, such as ``sex``; empty for all rows."""
        return " x ".join(item.attribute for item in self.slice)

    @property
    def group(self) -> str:
        """Groups of the slice, such as ``female``; empty for all rows."""
        return " x ".join(item.group for item in self.slice)


class Artifact(ManifestPart):
    """One file or a set of files that a phone, an edge site or a function loads.

    The digest of one file is its SHA-256, that of several `files_digest`. A large artifact has
    a ``uri`` too and is not in Git.
    """

    variant: Name = Field(description="Name that stack files place.")
    format: Literal["tflite", "onnx", "coreml", "litertlm", "gguf", "safetensors"]
    digest: Sha256 = Field(description="Of the file, or of the list of files.")
    files: tuple[ArtifactFile, ...] = Field(min_length=1)
    uri: ArtifactUri | None = Field(
        default=None, description="Address of a large artifact, which is not in Git."
    )
    base: Sha256 | None = Field(
        default=None, description="Digest of the artifact that this one is an adapter of."
    )
    requirements: Requirements
    profile: Profile | None = Field(
        default=None, description="Absent where the platform that measures cannot run the format."
    )
    parity: Parity | None = Field(default=None, description="Absent: nothing was compared.")
    evidence: tuple[Measurement, ...] = Field(
        default=(),
        description="The first on all rows by the evaluator that is no cost is the quality.",
    )

    @model_validator(mode="after")
    def _one_digest(self) -> Artifact:
        refuse_repeats("files.path", [item.path for item in self.files])
        if self.digest != files_digest(self.files):
            raise ValueError(f"digest {self.digest} is not that of its files")
        return self

    @property
    def bytes(self) -> int:
        """Bytes of all files together."""
        return sum(item.bytes for item in self.files)

    @property
    def file(self) -> ArtifactFile:
        """The file of an artifact of one file.

        Raises:
            ManifestError: If it has several, which nothing delivers yet.
        """
        if len(self.files) == 1:
            return self.files[0]
        raise ManifestError(
            f"variant {self.variant}",
            got=f"{len(self.files)} files",
            expected="one file, which is all that is delivered today",
            next_step="place a variant of one file (docs/manifest.md)",
        )

    @property
    def quality(self) -> Measurement | None:
        """The evaluator's first figure on all rows that is no cost."""
        return next((item for item in self._evaluated() if not is_cost(item.metric)), None)

    def measured(self, metric: str) -> Measurement | None:
        """Return the evaluator's figure of a metric on all rows, or ``None``."""
        return next((item for item in self._evaluated() if item.metric == metric), None)

    def _evaluated(self) -> Iterator[Measurement]:
        """Yield the evaluator's figures on all rows."""
        return (item for item in self.evidence if item.by == "evaluator" and not item.slice)

    @property
    def fairness(self) -> tuple[Measurement, ...]:
        """The evaluator's figures that compare groups of people."""
        return tuple(
            item for item in self.evidence if item.by == "evaluator" and item.compares_groups
        )


class Serving(ManifestPart):
    """Conditions for servers that run the model; they can forbid, never permit alone."""

    batching: Literal["permitted", "forbidden"] | Unknown = Field(
        description="Whether requests of several clients may run in one batch."
    )
    reason: str | None = Field(default=None, description="Reason if batching is forbidden.")
    instances: Count | Unknown = Field(description="Copies that a server should run.")

    @model_validator(mode="after")
    def _reasoned(self) -> Serving:
        if (self.batching == "forbidden") != (self.reason is not None):
            raise ValueError("a reason belongs to batching that is forbidden, and to no other")
        return self


class Origin(ManifestPart):
    """Source of the model."""

    how: Literal["trained", "fine-tuned", "imported"]
    source: str = Field(min_length=1, description="Recipe, file, wheel or address.")
    digest: Sha256 | Unknown = Field(description="SHA-256 of the source.")


class Generation(ManifestPart):
    """Limits and template of a model that generates text."""

    context_length: Count
    max_output_tokens: Count | Unknown
    stop: tuple[str, ...] = Field(description="Texts that end an answer.")
    chat_template: FileRef | None = Field(
        default=None, description="A file of the artifacts; absent: prompts are used as they are."
    )
    temperature: NonNegative | Unknown
    top_k: Count | Unknown
    top_p: Share | Unknown


class SelfTest(FileRef):
    """Inputs and the outputs expected, which a device checks before it uses the model."""

    tolerance: NonNegative


class SeededSelfTest(ManifestPart):
    """A self-test whose inputs are drawn from a seed; only the answers are stored."""

    seed: int = Field(ge=0)
    generator: str = Field(min_length=1, description="Algorithm that draws inputs of the seed.")
    cases: Count
    answers: FileRef
    tolerance: NonNegative


def _self_test_kind(value: Any) -> str:
    is_seed = "seed" in value if isinstance(value, dict) else isinstance(value, SeededSelfTest)
    return "seed" if is_seed else "file"


class ModelManifest(ManifestPart):
    """A model version: what it is, where it comes from, how it behaves, who vouches for it."""

    api_version: Literal["mobile-ai/v2"]
    kind: Literal["ModelVersion"]
    metadata: Metadata
    licence: str = Field(min_length=1, description="SPDX id or expression, a name, or unknown.")
    origin: Origin | Unknown
    io: ModelIO
    serving: Serving
    generation: Generation | None = Field(default=None, description="Models that generate text.")
    lineage: Lineage
    artifacts: tuple[Artifact, ...] = Field(min_length=1)
    self_test: (
        Annotated[
            Annotated[SelfTest, Tag("file")] | Annotated[SeededSelfTest, Tag("seed")],
            Discriminator(_self_test_kind),
        ]
        | None
    ) = None
    fallback: Fallback
    statements: tuple[StatementRef, ...] = Field(
        default=(), description="Files of evidence; left out of the digest that they sign."
    )

    @model_validator(mode="after")
    def _unique(self) -> ModelManifest:
        refuse_repeats("artifacts.variant", [item.variant for item in self.artifacts])
        refuse_repeats("statements.kind", [item.kind for item in self.statements])
        known: dict[str, ArtifactFile] = {}
        for item in (file for artifact in self.artifacts for file in artifact.files):
            same = known.setdefault(item.path, item)
            if (same.sha256, same.bytes) != (item.sha256, item.bytes):
                raise ValueError(f"artifacts name {item.path} with two contents")
        return self

    def artifact(self, variant: str) -> Artifact | None:
        """Return the artifact of a variant, or ``None``."""
        return next((item for item in self.artifacts if item.variant == variant), None)

    @property
    def stored_self_test(self) -> SelfTest | None:
        """The self-test file, or ``None`` if the version has no self-test.

        Raises:
            ManifestError: If inputs are drawn from a seed, which nothing does yet.
        """
        if isinstance(self.self_test, SeededSelfTest):
            raise ManifestError(
                f"selfTest of {self.metadata.name} {self.metadata.version}",
                got=f"seed {self.self_test.seed} of {self.self_test.generator}",
                expected="a file of inputs and answers, which is all that devices read today",
                next_step="build the version with a self-test file (docs/manifest.md)",
            )
        return self.self_test

    @property
    def created(self) -> datetime:
        """Time at which the version was made."""
        return self.metadata.created

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values in the order of the schema, without empty optional fields."""
        value: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return value


def files_digest(files: tuple[ArtifactFile, ...]) -> str:
    """Return the digest of an artifact's files: of one its own, else that of the sorted list."""
    if len(files) == 1:
        return files[0].sha256
    listed = sorted(files, key=lambda item: item.path)
    return sha256_bytes(
        canonical_bytes([item.model_dump(mode="json", by_alias=True) for item in listed])
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
