"""Values that the steps of a build pass on: no behaviour, no heavy import.

`pipeline.build` returns a `BuildResult`; `evaluate.evaluate_artifacts` returns an
`EvaluationReport` about the exact bytes that ship. The two are apart on purpose: the
evaluator is another role than the builder and is given data the build never sees.
All digests are lower-case SHA-256 hex. Rates are fractions (0.98), not percent, unless a
name ends in `_pt` (percentage points).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from mobile_ai.contracts.manifest import Requirements, TensorSpec


class Status(StrEnum):
    """Three-way verdict of a gate; only `PASS` lets a manifest be written."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricEstimate:
    """A measured value with its 95 % interval.

    Attributes:
        value: Point estimate.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
        n: Number of held-out cases behind it.
        method: Method of the interval, e.g. `wilson`, `bootstrap-1000`.
    """

    value: float
    low: float
    high: float
    n: int
    method: str

    @classmethod
    def covering(
        cls, value: float, low: float, high: float, *, n: int, method: str
    ) -> MetricEstimate:
        """Return an estimate whose interval, from resamples or rounds, holds the value itself."""
        ends = float(min(low, value)), float(max(high, value))
        return cls(value=value, low=ends[0], high=ends[1], n=n, method=method)


INTERSECTION: Final = " x "
"""Separates the attributes of an intersection, and its groups: `sex x race`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDigest:
    """Rows and content digest of one split (arrays in canonical order).

    `use` is `training`, `fine-tuning`, `calibration` or `evaluation`. `repeated` counts held-out
    rows whose inputs equal those of a row that the builder had; None: not counted.
    """

    name: str
    use: str
    rows: int
    sha256: str
    repeated: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetUse:
    """A locked data set and the splits a build took from it.

    `splits` names every split, the held-out one too: the build knows its digest from the
    split step, never its rows.
    """

    name: str
    package: str
    version: str
    wheel_sha256: str
    path: str
    rows: int
    licence: str
    sensitive_attributes: tuple[str, ...]
    splits: tuple[SplitDigest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRef:
    """The version a fine-tune started from; `sha256` is its fp32 artifact's digest."""

    model: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two models on the same inputs (`n` cases)."""

    top1_agreement: float
    max_abs_error: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One link of the chain that made an artifact.

    Attributes:
        step: `train`, `fine-tune`, `prune`, `quantization-aware-training`, `convert`,
            `quantize`, `rescale`, `import`, `widen`.
        tool: Distribution name of the tool (`tensorflow`, `litert-quantizer`, ...).
        version: Its installed version.
        parameters: Parameters of the tool.
        input_sha256: Digest of what went in (for `train`: the train split).
        output_sha256: Digest of what came out; the next link's input.
        calibration_sha256: Digest of the calibration rows, when there were any.
        parity: Agreement with the input on the calibration rows, when it was measured.
        reproducible: Whether the same lock and seed give the same output digest.
        reason: Reason, when it is not.
    """

    step: str
    tool: str
    version: str
    parameters: Mapping[str, str | int | float | bool]
    input_sha256: str
    output_sha256: str
    calibration_sha256: str | None = None
    parity: Agreement | None = None
    reproducible: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantResult:
    """One exported file; a directory format (Core ML) is one zip file."""

    variant: str
    format: str
    file: Path
    sha256: str
    bytes: int
    needs: Requirements
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    transforms: tuple[Transform, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """Everything a build made, with its lineage; nothing it measured on held-out data.

    Attributes:
        model: Model id, e.g. `digits`.
        version: Semantic version.
        modalities: `vision`, `audio`, `text`, `motion`, `tabular`; one or several.
        task: `classification`, `detection`, ...
        owners: Owners named by the recipe.
        description: One sentence for the model card.
        risk_class: EU AI Act class of the intended use: `minimal`, `limited` or `high`.
        licence: Of the model; None: nobody stated one.
        fallback: Behaviour of a device without it: `embedded` or `off`.
        labels: Class names in output order; empty for third-party models without them.
        recipe: Path of the recipe in its repository; its name alone if it is not committed.
        recipe_sha256: Digest of the recipe's bytes.
        seed: The seed of split, training and calibration.
        parent: Set for a fine-tune.
        datasets: Data sets with their splits.
        parameters: Number of trained parameters (0 when unknown).
        macs: Multiply-accumulates of one inference (0 when unknown).
        variants: The exported files, `fp32` first.
        reference: Variant that others are compared with (`fp32`).
        tools: Distribution name to version of all that took part.
        notes: Facts the manifest must tell, e.g. which step is not reproducible.
        skipped: Variant name to the reason it was not built on this platform.
    """

    model: str
    version: str
    modalities: tuple[str, ...]
    task: str
    owners: tuple[str, ...]
    description: str
    risk_class: str
    fallback: str
    labels: tuple[str, ...]
    recipe: str
    recipe_sha256: str
    seed: int
    parent: ParentRef | None
    datasets: tuple[DatasetUse, ...]
    parameters: int
    macs: int
    variants: tuple[VariantResult, ...]
    reference: str
    tools: Mapping[str, str]
    licence: str | None = None
    notes: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """Reference minus variant on the same cases, in percentage points (positive = loss).

    `method` names the interval; `discordant` is the number of cases where they differ.
    """

    metric: str
    loss_pt: float
    low_pt: float
    high_pt: float
    discordant: int
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupQuality:
    """Quality in one group of one attribute; `attribute` `label` means per class.

    `loss_low_pt` and `loss_high_pt` bound the losses of all groups of the attribute together.
    """

    attribute: str
    group: str
    metric: str
    estimate: MetricEstimate
    loss_pt: float | None = None
    loss_low_pt: float | None = None
    loss_high_pt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessMeasurement:
    """One fairness metric over the groups of one sensitive attribute.

    Attributes:
        attribute: `sex`, `race`, `age`, ...
        metric: `demographic-parity-difference`, `equalized-odds-difference`,
            `worst-group-accuracy`, `accuracy-gap`.
        estimate: Value with bootstrap interval.
        worst_group: Group that decides the value.
        smallest_group: Rows in the smallest group that was counted.
        excluded: Groups left out for being smaller than the recipe's minimum, with rows.
        change: How much worse it is than the reference's on the same rows; None: not compared.
    """

    attribute: str
    metric: str
    estimate: MetricEstimate
    worst_group: str
    smallest_group: int
    excluded: Mapping[str, int]
    change: MetricEstimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Permutation importance: quality lost (points) when one feature is shuffled."""

    feature: str
    loss_pt: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """Quality under one named corruption of the held-out inputs, and the paired loss by it."""

    corruption: str
    severity: float
    metric: str
    value: float
    loss_pt: float
    low_pt: float | None = None
    high_pt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceCost:
    """Cost of one inference, one thread, on the machine that evaluated.

    `peak_memory_bytes` is the largest growth of a fresh process's resident set by load and
    first runs. `energy_mj` is an estimate in millijoules, `energy_method` its formula and
    constants. `latency_p50` and `latency_p95` have the intervals of the two figures. What could
    not be measured is None, never guessed. `device` names what a device lab measured on, in
    `device_runs` runs; None: the machine of the evaluator.
    """

    runtime: str
    runtime_version: str
    threads: int
    latency_p50_ms: float
    latency_p95_ms: float
    latency_ratio_to_reference: float | None
    peak_memory_bytes: int | None
    macs: int | None
    energy_mj: float | None
    energy_method: str
    latency_p50: MetricEstimate | None = None
    latency_p95: MetricEstimate | None = None
    device: str | None = None
    device_runs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestCase:
    """A fixed input and the output the file gave, for devices and edge pods to repeat.

    Values are flattened row-major float lists by tensor name; `tolerance` is absolute.
    """

    name: str
    inputs: Mapping[str, tuple[float, ...]]
    shapes: Mapping[str, tuple[int, ...]]
    expected: tuple[float, ...]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactEvaluation:
    """Evaluation of one exported file, identified by its digest.

    `measured` is False where no runtime for the format exists on this platform; then every
    number is absent and `reason` says why.
    """

    variant: str
    format: str
    file: str
    sha256: str
    bytes: int
    measured: bool
    reason: str = ""
    bytes_zstd: int | None = None
    metric: str = ""
    quality: MetricEstimate | None = None
    parity: Agreement | None = None
    difference: PairedDifference | None = None
    groups: tuple[GroupQuality, ...] = ()
    fairness: tuple[FairnessMeasurement, ...] = ()
    calibration: MetricEstimate | None = None
    importance: tuple[Importance, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    profile: InferenceCost | None = None
    self_tests: tuple[SelfTestCase, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """Verdict of one gate on one variant.

    `basis` is `interval`, or `point` where the recipe says that n cannot decide.
    """

    gate: str
    variant: str
    status: Status
    value: float | None
    low: float | None
    high: float | None
    limit: float
    unit: str
    basis: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """The evaluator's report on every file of a version, with the gates' verdicts."""

    model: str
    version: str
    held_out: SplitDigest
    reference: str
    artifacts: tuple[ArtifactEvaluation, ...]
    gates: tuple[GateResult, ...]
    method: str
    machine: str
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True if there was at least one gate and every gate passed."""
        return bool(self.gates) and all(gate.status is Status.PASS for gate in self.gates)
