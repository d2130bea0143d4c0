"""Evaluating a model from elsewhere: what optimising it changed, and what it costs.

There are no labels, so quality is not measured and not guessed; every output of every
variant is compared with the file as it came, on the same probe inputs.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.evaluate import (
    ArtifactFile,
    Tick,
    profile_files,
    report_on,
    require_reference,
    self_tests,
    unmeasured,
)
from mobile_ai.model_build.inspection import inspect_file
from mobile_ai.model_build.recipe import BuildRecipe
from mobile_ai.model_build.results import (
    Agreement,
    ArtifactEvaluation,
    EvaluationReport,
    InferenceCost,
    SplitDigest,
)
from mobile_ai.model_build.runtime import Runner, load, unavailable
from mobile_ai.model_build.synthetic_inputs import Sample

_Outputs = list[list[NDArray[Any]]]
METHOD = (
    "no labelled rows: every output compared with the imported file's on {rows} probe inputs "
    "({probe}); error as a share of that output's range; agreement on the largest value"
)
"""Description of the parity evaluation, as its report states it."""


def evaluate_imported(
    files: tuple[ArtifactFile, ...],
    samples: list[Sample],
    recipe: BuildRecipe,
    *,
    reference: str,
    tick: Tick | None = None,
) -> EvaluationReport:
    """Compare every file with the reference on the samples and judge the recipe's gates.

    Raises:
        ModelBuildError: If the reference is not among the files that run here.
    """
    for file in files:
        inspect_file(file.path, shapes=recipe.source.probe_shapes)
    loaded = {f.variant: (f, load(f.path, f.format)) for f in files if not unavailable(f.format)}
    require_reference(reference, loaded)
    base = [loaded[reference][1].once(sample) for sample in samples]
    profiles = profile_files(loaded, reference, samples[0])
    artifacts = []
    for number, file in enumerate(files):
        if tick:
            tick(number, len(files), file.variant)
        if file.variant in loaded:
            runner, profile = loaded[file.variant][1], profiles[file.variant]
            artifacts.append(
                _compare(file, runner, base=base, samples=samples, recipe=recipe, profile=profile)
            )
        else:
            artifacts.append(unmeasured(file))
    return report_on(
        recipe,
        tuple(artifacts),
        reference=reference,
        held_out=_probe_digest(samples),
        method=METHOD.format(rows=len(samples), probe=recipe.source.probe),
        notes=("quality is not measured: the model came without labelled data",),
    )


def output_parity(base: _Outputs, found: _Outputs) -> Agreement:
    """Return agreement over all outputs of all samples.

    `max_abs_error` is relative to each output's range over the samples, because outputs of
    one model (boxes in pixels, scores) have different units. `top1_agreement` compares the
    place of the largest value of every output that has more than one.

    Raises:
        ModelBuildError: If an output's size changes from sample to sample, or from file to file.
    """
    errors, same = [], []
    for place in range(len(base[0])):
        _check_sizes(place, [*base, *found])
        was = np.concatenate([sample[place].reshape(1, -1) for sample in base]).astype(np.float64)
        now = np.concatenate([sample[place].reshape(1, -1) for sample in found])
        spread = float(was.max() - was.min()) or 1.0
        errors.append(float(np.abs(was - now).max()) / spread)
        if was.shape[1] > 1:
            same.append(was.argmax(axis=1) == now.argmax(axis=1))
    return Agreement(
        top1_agreement=float(np.mean(np.concatenate(same))) if same else 1.0,
        max_abs_error=max(errors),
        n=len(base),
    )


def _check_sizes(place: int, outputs: _Outputs) -> None:
    sizes = sorted({np.size(item[place]) for item in outputs})
    if len(sizes) > 1:
        raise ModelBuildError(
            f"output {place}",
            got=f"{' and '.join(map(str, sizes))} numbers",
            expected="one size for all probe inputs, in every variant",
            next_step="export the model with fixed output sizes (for a detector: before the "
            "step that drops boxes)",
        )


def _compare(
    file: ArtifactFile,
    runner: Runner,
    *,
    base: _Outputs,
    samples: list[Sample],
    recipe: BuildRecipe,
    profile: InferenceCost,
) -> ArtifactEvaluation:
    found = [runner.once(sample) for sample in samples]
    few = samples[: recipe.evaluation.self_tests]
    return replace(
        unmeasured(file),
        measured=True,
        metric="parity",
        parity=output_parity(base, found),
        profile=profile,
        self_tests=self_tests(runner, few, _by_output(found), variant=file.variant),
    )


def _by_output(found: _Outputs) -> list[NDArray[Any]]:
    """Return all numbers of each output; sizes may differ from sample to sample."""
    return [
        np.concatenate([np.ravel(item) for item in parts]) for parts in zip(*found, strict=True)
    ]


def _probe_digest(samples: list[Sample]) -> SplitDigest:
    digest = hashlib.sha256()
    for sample in samples:
        for name in sorted(sample):
            digest.update(name.encode() + sample[name].tobytes())
    return SplitDigest(name="probe", use="evaluation", rows=len(samples), sha256=digest.hexdigest())
