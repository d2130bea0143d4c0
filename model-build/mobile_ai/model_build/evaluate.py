"""The evaluator: scores the exact bytes that ship on rows the builder never had.

A function of its own, run by another role than the builder. It is given files and held-out
rows; it takes no number from the build.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build import metrics
from mobile_ai.model_build.data import HeldOut
from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.fairness import FairnessPlan, fairness, group_quality, members
from mobile_ai.model_build.gates import judge_gates
from mobile_ai.model_build.importance import permutation_importance
from mobile_ai.model_build.inspection import inspect_file
from mobile_ai.model_build.macs import count_macs
from mobile_ai.model_build.profile_ import ENERGY_METHOD, Latency, energy_mj, latencies, peak_memory
from mobile_ai.model_build.recipe import BuildRecipe, EvaluationPlan
from mobile_ai.model_build.results import (
    ArtifactEvaluation,
    EvaluationReport,
    FairnessMeasurement,
    GroupQuality,
    Importance,
    InferenceCost,
    Robustness,
    SelfTestCase,
    SplitDigest,
)
from mobile_ai.model_build.robustness import SEVERITY, corrupt
from mobile_ai.model_build.rows import Rows
from mobile_ai.model_build.runtime import Runner, load, runtime_of, unavailable
from mobile_ai.model_build.synthetic_inputs import Sample, generated_inputs

_Logits = NDArray[Any]
Tick = Callable[[int, int, str], None]
"""Receives done, total and variant of an evaluation."""
METHOD = (
    "every file loaded by its own runtime, one thread, one row at a time; accuracy with Wilson "
    "intervals, paired differences after Agresti and Min, fairness with percentile bootstrap, "
    "calibration over 15 bins, latency of the bare call in turns with the other variants, "
    "corrected by a fixed load in the same process"
)
"""Description of the evaluation, as its report states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFile:
    """A file to evaluate; the digest is taken from its bytes, not from a claim."""

    variant: str
    format: str
    path: Path


@dataclass(frozen=True, slots=True)
class _Loaded:
    file: ArtifactFile
    runner: Runner
    outputs: list[NDArray[Any]]

    @property
    def logits(self) -> _Logits:
        """The output that classifies."""
        return self.outputs[0]


def evaluate_artifacts(
    files: tuple[ArtifactFile, ...],
    held_out: HeldOut,
    recipe: BuildRecipe,
    *,
    reference: str,
    tick: Tick | None = None,
) -> EvaluationReport:
    """Score every file and judge the recipe's gates.

    Args:
        files: The exported files.
        held_out: Rows that no build step was given.
        recipe: Its `evaluation` and `gates` are read.
        reference: Variant the others are compared with.
        tick: Called with (files done, files in all, variant).

    Raises:
        ModelBuildError: If the reference is not among the files that can be run here.
        InspectionError: If a file may not be loaded.
    """
    loaded = {
        each.variant: _load(each, held_out.rows) for each in files if not unavailable(each.format)
    }
    require_reference(reference, loaded)
    profiles = profile_files({n: (e.file, e.runner) for n, e in loaded.items()}, reference)
    artifacts = []
    for number, each in enumerate(files):
        if tick:
            tick(number, len(files), each.variant)
        scored = loaded.get(each.variant)
        if scored is None:
            artifacts.append(unmeasured(each))
        else:
            base = loaded[reference]
            profile = profiles[each.variant]
            artifacts.append(_score(scored, base, held_out.rows, recipe, profile))
    if tick:
        tick(len(files), len(files), "gates")
    return report_on(
        recipe, tuple(artifacts), reference=reference, held_out=held_out.digest, method=METHOD
    )


def profile_files(
    loaded: dict[str, tuple[ArtifactFile, Runner]],
    reference: str,
    sample: Sample | None = None,
) -> dict[str, InferenceCost]:
    """Measure what one inference of every loaded file costs, variants in turns.

    Args:
        loaded: Variant name to file and runner.
        reference: Variant that latency ratios are to.
        sample: One inference's inputs; generated where none is given.
    """
    calls = {
        name: runner.prepared(sample or generated_inputs(runner.inputs, rows=1, seed=0))
        for name, (_, runner) in loaded.items()
    }
    times = latencies(calls, reference=reference)
    return {name: _profile(file, times[name], sample) for name, (file, _) in loaded.items()}


def machine() -> str:
    """Return what the numbers were measured on, without naming the host."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _load(file: ArtifactFile, rows: Rows) -> _Loaded:
    inspect_file(file.path)  # in a process of its own, before a runtime sees it here
    runner = load(file.path, file.format)
    return _Loaded(file, runner, runner.many(rows.inputs))


def require_reference(reference: str, loaded: Iterable[str]) -> None:
    """Check that the variant that others are compared with runs here.

    Raises:
        ModelBuildError: If it does not.
    """
    if reference not in loaded:
        raise ModelBuildError(
            f"reference {reference}",
            got=f"files {sorted(loaded)}",
            expected="the reference among the files that run here",
            next_step="add the variant to the recipe",
        )


def unmeasured(file: ArtifactFile) -> ArtifactEvaluation:
    """Return what the bytes of a file alone tell; the reason, if no runtime here runs it."""
    content = file.path.read_bytes()
    return ArtifactEvaluation(
        variant=file.variant,
        format=file.format,
        file=file.path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        bytes_zstd=len(need("zstandard").compress(content, 19)),  # what travels
        measured=False,
        reason=unavailable(file.format),
    )


def _score(
    scored: _Loaded, base: _Loaded, rows: Rows, recipe: BuildRecipe, profile: InferenceCost
) -> ArtifactEvaluation:
    plan = recipe.evaluation
    predicted = scored.logits.argmax(axis=1)
    groups = _groups(predicted, base, rows, recipe, is_base=scored is base)
    return replace(
        unmeasured(scored.file),
        measured=True,
        metric="accuracy",
        quality=metrics.accuracy(scored.logits, rows.labels),
        parity=metrics.parity(base.logits, scored.logits),
        difference=metrics.paired_difference(base.logits, scored.logits, rows.labels),
        groups=groups,
        fairness=_fairness(predicted, base, rows, recipe, is_base=scored is base),
        calibration=metrics.calibration_error(scored.logits, rows.labels),
        importance=_importance(scored, rows, plan, recipe.seed),
        robustness=_robustness(scored, rows, plan, recipe.seed),
        profile=profile,
        self_tests=self_tests(
            scored.runner,
            _generated(scored, recipe),
            scored.outputs,
            variant=scored.file.variant,
        ),
    )


def _groups(
    predicted: NDArray[np.int64], base: _Loaded, rows: Rows, recipe: BuildRecipe, *, is_base: bool
) -> tuple[GroupQuality, ...]:
    names = np.array(recipe.labels or [str(n) for n in range(base.logits.shape[1])])
    groups = {"label": names[rows.labels], **rows.groups}
    reference = None if is_base else base.logits.argmax(axis=1)
    return group_quality(predicted, rows.labels, groups, reference=reference)


def _fairness(
    predicted: NDArray[np.int64], base: _Loaded, rows: Rows, recipe: BuildRecipe, *, is_base: bool
) -> tuple[FairnessMeasurement, ...]:
    plan = recipe.evaluation
    how = FairnessPlan(
        positive=plan.positive,
        minimum_group=plan.minimum_group,
        rounds=plan.bootstrap,
        seed=recipe.seed,
    )
    return tuple(
        result
        for attribute in plan.attributes
        for result in fairness(
            predicted,
            rows.labels,
            members(rows.groups, attribute),
            attribute=attribute,
            plan=how,
            reference=None if is_base else base.logits.argmax(axis=1),
        )
    )


def _importance(
    scored: _Loaded, rows: Rows, plan: EvaluationPlan, seed: int
) -> tuple[Importance, ...]:
    few = rows.take(np.arange(min(plan.importance_rows, len(rows))))
    if not len(few):
        return ()
    return permutation_importance(lambda inputs: scored.runner.many(inputs)[0], few, seed=seed)


def _robustness(
    scored: _Loaded, rows: Rows, plan: EvaluationPlan, seed: int
) -> tuple[Robustness, ...]:
    found = []
    for kind in plan.corruptions:
        logits = scored.runner.many(corrupt(rows.inputs, kind, seed=seed))[0]
        value = metrics.accuracy(logits, rows.labels).value
        loss = metrics.paired_difference(scored.logits, logits, rows.labels)
        found.append(
            Robustness(
                corruption=kind,
                severity=SEVERITY[kind],
                metric="accuracy",
                value=value,
                loss_pt=loss.loss_pt,
                low_pt=loss.low_pt,
                high_pt=loss.high_pt,
            )
        )
    return tuple(found)


def self_tests(
    runner: Runner, samples: list[Sample], outputs: list[NDArray[Any]], *, variant: str
) -> tuple[SelfTestCase, ...]:
    """Return inputs and what the file gives for them, for devices to repeat.

    The answers are those of every output, one after another in the file's order, flattened.

    Args:
        runner: The loaded file.
        samples: Inputs that belong to nobody: no person's row travels to a device.
        outputs: Typical values of each output; the widest range sets the tolerance.
        variant: Name of the file, for messages.

    Raises:
        ModelBuildError: If an answer is not finite, or differs from run to run.
    """
    # Kernels of other devices round differently: two int8 steps of the output's range.
    tolerance = max(1e-3, *(2 * _spread(item) / 255 for item in outputs))
    return tuple(
        SelfTestCase(
            name=f"self-test-{number}",
            inputs={n: tuple(v.reshape(-1).tolist()) for n, v in sample.items()},
            shapes={n: v.shape for n, v in sample.items()},
            expected=_repeatable(runner, sample, tolerance, variant),
            tolerance=tolerance,
        )
        for number, sample in enumerate(samples)
    )


def _spread(values: NDArray[Any]) -> float:
    if not np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float64)  # the difference of two int8 may be no int8
    return float(values.max() - values.min()) if values.size else 0.0


def _repeatable(
    runner: Runner, sample: Sample, tolerance: float, variant: str
) -> tuple[float, ...]:
    """Return the answer to a sample, when a device can find the same one."""
    first, second = (_flat(runner.once(sample)) for _ in range(2))
    got = ""
    if not np.isfinite(first).all():
        got = "an answer that is no finite number"
    elif first.shape != second.shape or not np.all(np.abs(first - second) <= tolerance):
        got = "another answer to the same inputs when run again"
    if got:
        raise ModelBuildError(
            f"self-test of variant {variant}",
            got=got,
            expected="finite answers that a device can repeat",
            next_step="export the model in inference mode, without random operators and with "
            "finite weights",
        )
    return tuple(first.tolist())


def _flat(outputs: list[NDArray[Any]]) -> NDArray[np.float64]:
    return np.concatenate([np.ravel(item).astype(np.float64) for item in outputs])


def _generated(scored: _Loaded, recipe: BuildRecipe) -> list[Sample]:
    return [
        generated_inputs(scored.runner.inputs, rows=1, seed=recipe.seed + number)
        for number in range(recipe.evaluation.self_tests)
    ]


def _profile(file: ArtifactFile, times: Latency, sample: Sample | None) -> InferenceCost:
    macs = count_macs(file.path, file.format, sample)
    distribution = runtime_of(file.format)
    return InferenceCost(
        runtime=distribution,
        runtime_version=installed(distribution),
        threads=1,
        latency_p50_ms=times.p50.value,
        latency_p95_ms=times.p95.value,
        latency_ratio_to_reference=times.ratio,
        peak_memory_bytes=peak_memory(file.path, file.format, sample),
        macs=sum(macs.values()) if macs else None,
        energy_mj=energy_mj(times.p50.value),
        energy_method=ENERGY_METHOD,
        latency_p50=times.p50,
        latency_p95=times.p95,
    )


def report_on(
    recipe: BuildRecipe,
    artifacts: tuple[ArtifactEvaluation, ...],
    *,
    reference: str,
    held_out: SplitDigest,
    method: str,
    notes: tuple[str, ...] = (),
) -> EvaluationReport:
    """Return the report on all files of a version, with the verdicts of the recipe's gates."""
    return EvaluationReport(
        model=recipe.name,
        version=recipe.version,
        held_out=held_out,
        reference=reference,
        artifacts=artifacts,
        gates=judge_gates(recipe.gates, artifacts, reference=reference, held_out=held_out),
        method=method,
        machine=machine(),
        notes=(*notes, *_repeats(held_out)),
    )


def _repeats(held_out: SplitDigest) -> tuple[str, ...]:
    """Return how many held-out rows the builder had too, if there are any."""
    if not held_out.repeated:
        return ()
    share = held_out.repeated / held_out.rows
    note = (
        f"{held_out.repeated} of {held_out.rows} held-out rows ({share:.1%}) have the same inputs "
        "as a row of training: figures on them are no proof for new rows"
    )
    return (note,)
