"""From what was built and measured to a manifest and the files it names, all in memory.

The manifest says what the evaluator measured on the exact bytes, so a report about other
bytes than the build's is refused here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from mobile_ai.contracts.canonical import manifest_digest, sha256_bytes
from mobile_ai.contracts.manifest import (
    UNSTATED,
    Artifact,
    ArtifactFile,
    DatasetRef,
    Fallback,
    GroupSlice,
    Interval,
    Lineage,
    Measurement,
    Metadata,
    ModelIO,
    ModelManifest,
    Origin,
    Parent,
    Parity,
    Profile,
    Recipe,
    Requirements,
    Serving,
    StatedCount,
    TensorSpec,
    Unknown,
)
from mobile_ai.contracts.manifest_io import LabelsStep, ScaleStep, SoftmaxStep, ValueRange
from mobile_ai.contracts.statements import Subject
from mobile_ai.model_build.assemble_selftest import SELF_TEST_FILE, with_self_test
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.results import (
    INTERSECTION,
    ArtifactEvaluation,
    BuildResult,
    EvaluationReport,
    FairnessMeasurement,
    InferenceCost,
    MetricEstimate,
    VariantResult,
)

if TYPE_CHECKING:
    from mobile_ai.model_build.datasets import InputEncoding

MAX_GIT_BYTES: Final = 1_000_000
"""Largest artifact in Git, bytes; a larger one belongs in a store, with its URI."""
_SUFFIX: Final[Mapping[str, str]] = {
    "tflite": ".tflite",
    "onnx": ".onnx",
    "coreml": ".mlpackage.zip",
}
_DIGITS: Final = 6  # decimals kept of what is measured; more would be noise


class AssemblyError(ModelBuildError):
    """Raised when the build result and the evaluation report describe different files."""


_mismatch = AssemblyError.advising("evaluate exactly the files that were built")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version that nobody has vouched for yet.

    Attributes:
        manifest: Without statements.
        files: Content by path relative to the version's folder.
        written: Values of a manifest file that exists, whose signatures hold for its own
            ``apiVersion`` only; ``None`` for a new version.
    """

    manifest: ModelManifest
    files: Mapping[str, bytes]
    written: Mapping[str, Any] | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The manifest as the JSON values that its file holds."""
        return manifest_values(self.manifest) if self.written is None else dict(self.written)


def assemble(
    build: BuildResult,
    report: EvaluationReport,
    *,
    created: datetime,
    commit: str,
    parent: Parent | None = None,
    store: str | None = None,
) -> Draft:
    """Return the manifest and the files of a version.

    Args:
        build: Result of the build.
        report: Evaluation of the same bytes.
        created: Time of the build.
        commit: Source commit, or ``unknown``.
        parent: The parent's manifest, for a fine-tune.
        store: Location of artifacts too large for Git, such as ``s3://bucket/models``.

    Raises:
        AssemblyError: If a gate did not pass, the report is about another build, or a
            fine-tune has no parent manifest.
        ModelBuildError: If no self-test that devices accept can be made of the report.
    """
    _check_match(build, report, parent)
    found = {item.sha256: item for item in report.artifacts}
    files = {_path(build.model, item): item.file.read_bytes() for item in build.variants}
    manifest = ModelManifest(
        api_version="mobile-ai/v2",
        kind="ModelVersion",
        metadata=_metadata(build, created),
        licence=build.licence or UNSTATED,
        origin=_origin(build),
        io=_io(build),
        serving=_serving(build),
        lineage=_lineage(build, commit, parent),
        artifacts=tuple(
            _artifact(build, item, found[item.sha256], report, store=store)
            for item in build.variants
        ),
        fallback=Fallback(
            mode=build.fallback,  # type: ignore[arg-type]  # checked by the schema
            stale_after=UNSTATED,
        ),
    )
    manifest, self_test = with_self_test(manifest, report)
    if self_test is not None:
        files[SELF_TEST_FILE] = self_test
    return Draft(manifest=manifest, files=files)


def manifest_subjects(draft: Draft) -> list[Subject]:
    """Return what every statement about a version names: the manifest and its artifacts."""
    return [
        Subject("manifest.yaml", manifest_digest(draft.values)),
        *(
            Subject(item.files[0].path if len(item.files) == 1 else item.variant, item.digest)
            for item in draft.manifest.artifacts
        ),
    ]


def _check_match(build: BuildResult, report: EvaluationReport, parent: Parent | None) -> None:
    name = f"{build.model} {build.version}"
    if not report.passed:
        failed = [
            f"{item.gate} of {item.variant}" for item in report.gates if item.status != "pass"
        ]
        raise _mismatch(name, f"gates not passed: {failed or 'none ran'}", "every gate to pass")
    built = {item.sha256 for item in build.variants}
    measured = {item.sha256 for item in report.artifacts}
    if not built or built != measured:
        raise _mismatch(
            name, f"a report about {len(built & measured)} of {len(built)} files", "all"
        )
    for item in build.variants:
        actual = sha256_bytes(item.file.read_bytes())
        if actual != item.sha256:
            raise _mismatch(f"{name}: {item.file.name}", f"sha256 {actual}", item.sha256)
    if (build.parent is None) != (parent is None):
        raise _mismatch(name, f"parent manifest {parent}", f"that of {build.parent}")


def _path(model: str, variant: VariantResult) -> str:
    return f"artifacts/{model}-{variant.variant}{_SUFFIX[variant.format]}"


def _metadata(build: BuildResult, created: datetime) -> Metadata:
    return Metadata(
        name=build.model,
        version=build.version,
        modalities=build.modalities,  # type: ignore[arg-type]  # checked by the schema
        task=build.task,
        description=build.description,
        owners=build.owners,
        created=created,
        risk_class=build.risk_class,  # type: ignore[arg-type]
    )


def _origin(build: BuildResult) -> Origin:
    first = build.variants[0].transforms[0]
    if first.step == "import":
        source = str(first.parameters["origin"])
        return Origin(how="imported", source=source, digest=first.input_sha256)
    how: Literal["trained", "fine-tuned"] = "fine-tuned" if build.parent else "trained"
    return Origin(how=how, source=build.recipe, digest=build.recipe_sha256)


def _io(build: BuildResult) -> ModelIO:
    """Return the tensors and what the recipe's data set and network do before and after them."""
    first = build.variants[0]
    if first.transforms[0].step == "import":
        return ModelIO(
            inputs=first.inputs,
            outputs=first.outputs,
            preprocessing=UNSTATED,
            postprocessing=UNSTATED,
            state=UNSTATED,
        )
    # Readers of data sets need numpy; whoever only verifies a version has not installed it.
    from mobile_ai.model_build.datasets import encodings_of  # noqa: PLC0415

    known = encodings_of(build.datasets[0].name) if build.datasets else {}
    return ModelIO(
        inputs=tuple(_with_range(item, known.get(item.name)) for item in first.inputs),
        outputs=first.outputs,
        preprocessing=_preprocessing(first.inputs, known),
        postprocessing=_postprocessing(first.outputs, build.labels),
        state=(),  # the exporter writes models of one step
    )


def _with_range(tensor: TensorSpec, encoding: InputEncoding | None) -> TensorSpec:
    if encoding is None or encoding.range is None:
        return tensor
    low, high = encoding.range
    return tensor.model_copy(update={"range": ValueRange(low=low, high=high)})


def _preprocessing(
    inputs: Sequence[TensorSpec], known: Mapping[str, InputEncoding]
) -> tuple[ScaleStep, ...] | Unknown:
    divisors = {item.name: known[item.name].divisor for item in inputs if item.name in known}
    steps = tuple(
        ScaleStep(operation="scale", tensor=name, factor=1 / divisor, offset=0.0)
        for name, divisor in divisors.items()
        if divisor
    )
    return steps if len(steps) == len(inputs) else UNSTATED


def _postprocessing(
    outputs: Sequence[TensorSpec], labels: tuple[str, ...]
) -> tuple[SoftmaxStep | LabelsStep, ...] | Unknown:
    """Return the steps after a network, whose one output are logits by label."""
    if len(outputs) != 1 or not labels:
        return UNSTATED
    (name,) = (item.name for item in outputs)
    return (
        SoftmaxStep(operation="softmax", tensor=name, axis=-1),
        LabelsStep(operation="labels", tensor=name, names=labels),
    )


def _serving(build: BuildResult) -> Serving:
    """Return how servers may run the model: what quantises by the batch mixes its requests."""
    mixing = [item.variant for item in build.variants if _mixes(item)]
    if not mixing:
        return Serving(batching=UNSTATED, instances=UNSTATED)
    reason = f"{', '.join(mixing)}: scales of dynamic quantisation are those of the whole batch"
    return Serving(batching="forbidden", reason=reason, instances=UNSTATED)


def _mixes(variant: VariantResult) -> bool:
    # DynamicQuantizeLinear takes one scale for a whole tensor; LiteRT takes one for each row.
    return variant.format == "onnx" and any(
        link.step == "quantize" and "dynamic" in str(link.parameters.get("scheme", ""))
        for link in variant.transforms
    )


def _lineage(build: BuildResult, commit: str, parent: Parent | None) -> Lineage:
    datasets = tuple(
        DatasetRef(
            name=f"{dataset.name}-{part.name}",
            digest=part.sha256,
            source=f"{dataset.package} {dataset.version}: {dataset.path}",
            rows=part.rows,
            use=part.use,  # type: ignore[arg-type]
            licence=dataset.licence,
            sensitive_attributes=dataset.sensitive_attributes,
        )
        for dataset in build.datasets
        for part in dataset.splits
    )
    recipe = Recipe(file=build.recipe, sha256=build.recipe_sha256)
    return Lineage(datasets=datasets, recipe=recipe, source_commit=commit, parent=parent)


def _artifact(
    build: BuildResult,
    variant: VariantResult,
    found: ArtifactEvaluation,
    report: EvaluationReport,
    *,
    store: str | None,
) -> Artifact:
    file = _path(build.model, variant)
    large = store is not None and variant.bytes > MAX_GIT_BYTES
    return Artifact(
        variant=variant.variant,
        format=variant.format,  # type: ignore[arg-type]
        digest=variant.sha256,
        files=(ArtifactFile(path=file, sha256=variant.sha256, bytes=variant.bytes, kind="model"),),
        uri=f"{store}/{build.model}/{build.version}/{file}" if large else None,
        requirements=_requirements(variant, report),
        profile=_profile(found, report.machine),
        parity=_parity(found, report.reference),
        evidence=tuple(_evidence(found, rows=report.held_out.sha256)),
    )


def _requirements(variant: VariantResult, report: EvaluationReport) -> Requirements:
    """Return what an artifact needs; memory, unless declared, from what runs were measured."""
    needs = variant.needs
    if needs.min_ram_mb != UNSTATED:
        return needs
    peaks = {
        item.sha256: peak
        for item in report.artifacts
        if item.profile is not None and (peak := item.profile.peak_memory_bytes)
    }
    if not peaks:
        return needs
    # A file that nothing here runs: not less than the largest of the same network.
    own = peaks.get(variant.sha256)
    peak = own or max(peaks.values())
    stated = StatedCount(value=math.ceil(peak / 1e6), how="measured" if own else "derived")
    return needs.model_copy(update={"min_ram_mb": stated})


def _profile(found: ArtifactEvaluation, machine: str) -> Profile | None:
    cost = found.profile
    if cost is None:
        return None
    return Profile(
        machine=cost.device
        or f"{machine}; {cost.runtime} {cost.runtime_version}, {cost.threads} thread",
        latency_p50_ms=_rounded(cost.latency_p50_ms),
        latency_p95_ms=_rounded(cost.latency_p95_ms),
        peak_memory_bytes=cost.peak_memory_bytes or UNSTATED,
        macs=cost.macs or UNSTATED,
        energy_mj=UNSTATED if cost.energy_mj is None else _rounded(cost.energy_mj),
        energy_method=cost.energy_method or None,
    )


def _rounded(figure: float) -> float | Unknown:
    """Round what was measured; what rounds to nothing keeps one digit."""
    return round(figure, _DIGITS) or float(f"{figure:.1g}") or UNSTATED


def _parity(found: ArtifactEvaluation, reference: str) -> Parity | None:
    if found.quality is None or found.parity is None:
        return None
    return Parity(
        reference=reference,
        agreement=round(found.parity.top1_agreement, _DIGITS),
        max_abs_error=round(found.parity.max_abs_error, _DIGITS),
    )


def _evidence(found: ArtifactEvaluation, *, rows: str) -> Iterator[Measurement]:
    if found.quality is not None:
        yield _measurement(found.metric, found.quality, n=found.quality.n, rows=rows)
    if found.calibration is not None:
        yield _measurement(
            "expected-calibration-error", found.calibration, n=found.calibration.n, rows=rows
        )
    if found.profile is not None:
        yield from _latencies(found.profile)
    for item in found.fairness:
        yield _measurement(
            item.metric, item.estimate, n=item.smallest_group, rows=rows, where=_worst(item)
        )


def _latencies(cost: InferenceCost) -> Iterator[Measurement]:
    """Yield the latencies with their intervals, or as a device lab measured them."""
    for name, value, found in (
        ("latency-p50", cost.latency_p50_ms, cost.latency_p50),
        ("latency-p95", cost.latency_p95_ms, cost.latency_p95),
    ):
        if cost.device is not None:
            yield Measurement(
                metric=name,
                value=value,
                interval=UNSTATED,
                n=cost.device_runs or UNSTATED,
                rows=UNSTATED,
                by="device-lab",
            )
        elif found is not None:
            yield _measurement(name, found, n=found.n, rows=UNSTATED)


def _worst(item: FairnessMeasurement) -> tuple[GroupSlice, ...]:
    """Return the group that decides a figure; of an intersection, its groups."""
    names = item.attribute.split(INTERSECTION)
    groups = item.worst_group.split(INTERSECTION) if len(names) > 1 else [item.worst_group]
    return tuple(
        GroupSlice(attribute=name, group=group, worst=True)
        for name, group in zip(names, groups, strict=True)
    )


def _measurement(
    metric: str,
    estimate: MetricEstimate,
    *,
    n: int,
    rows: str,
    where: tuple[GroupSlice, ...] = (),
) -> Measurement:
    return Measurement(
        metric=metric,
        slice=where,
        value=round(estimate.value, _DIGITS),
        interval=_interval(estimate),
        n=n,
        rows=rows,
        by="evaluator",
    )


def _interval(estimate: MetricEstimate) -> Interval:
    return Interval(
        low=round(estimate.low, _DIGITS), high=round(estimate.high, _DIGITS), method=estimate.method
    )


def manifest_values(manifest: ModelManifest) -> dict[str, Any]:
    """Return a manifest as the JSON values that its file will hold."""
    value: dict[str, Any] = json.loads(json.dumps(manifest.to_dict()))
    return value
