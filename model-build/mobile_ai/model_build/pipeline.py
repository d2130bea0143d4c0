"""Build and evaluation pipelines.

`build` creates the files from training rows; `evaluate` scores those files on held-out rows. They
share only the recipe, so that two roles can run them on two machines.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mobile_ai.model_build.data import held_out_rows
from mobile_ai.model_build.evaluate import ArtifactFile, evaluate_artifacts
from mobile_ai.model_build.evaluate_parity import evaluate_imported
from mobile_ai.model_build.export import Chain, Exporter
from mobile_ai.model_build.imported import bring, make_imported
from mobile_ai.model_build.recipe import BuildRecipe, VariantSpec, load_recipe
from mobile_ai.model_build.results import BuildResult, EvaluationReport, VariantResult
from mobile_ai.model_build.silence_output import quiet
from mobile_ai.model_build.summary import reference_of, summarise, write_variant
from mobile_ai.model_build.train_or_reuse import obtain

# Called with (description, steps done, total steps).
_Progress = Callable[[str, int, int], None]


def build(
    recipe: Path,
    *,
    out: Path,
    progress: _Progress | None = None,
    networks: Path | None = None,
) -> BuildResult:
    """Build every variant of a recipe under `out/artifacts`.

    Args:
        recipe: The recipe's file.
        out: Folder of the version.
        progress: Called with (description, steps done, total steps).
        networks: Cache folder of trained weights; per user by default.

    Raises:
        ModelBuildError: If a step fails; files of earlier steps remain.
    """
    plan = load_recipe(recipe)
    tell = progress or _silent
    if plan.source.imported:
        make = partial(make_imported, bring(plan, folder=recipe.parent))
        return summarise(recipe, plan, _variants(plan, make, out, tell))
    with quiet():
        told = partial(tell, f"train {plan.name} {plan.version}")
        trained = obtain(recipe, tick=told, cache=networks)
    variants = _variants(plan, Exporter(trained).make, out, tell)
    return summarise(recipe, plan, variants, trained=trained)


def evaluate(
    recipe: Path, files: tuple[ArtifactFile, ...], *, progress: _Progress | None = None
) -> EvaluationReport:
    """Score files on the recipe's held-out rows and evaluate its gates.

    Raises:
        ModelBuildError: If the reference variant is missing or cannot run on this platform.
    """
    plan = load_recipe(recipe)
    tell = progress or _silent

    def tick(done: int, total: int, what: str) -> None:
        tell(f"evaluate {plan.name} {plan.version} {what}", done, total)

    reference = reference_of(plan)
    if plan.source.imported:
        model = bring(plan, folder=recipe.parent)
        return evaluate_imported(files, model.samples, plan, reference=reference, tick=tick)
    return evaluate_artifacts(files, held_out_rows(plan), plan, reference=reference, tick=tick)


def files_of(result: BuildResult) -> tuple[ArtifactFile, ...]:
    """Return the files of a build as input of the evaluator."""
    return tuple(
        ArtifactFile(variant=each.variant, format=each.format, path=each.file)
        for each in result.variants
    )


def _variants(
    plan: BuildRecipe, make: Callable[[VariantSpec], Chain], out: Path, tell: _Progress
) -> tuple[VariantResult, ...]:
    made = []
    for number, spec in enumerate(plan.variants):
        tell(f"make {plan.name} {plan.version} {spec.name}", number, len(plan.variants))
        made.append(write_variant(spec, plan, make(spec), out))
    tell(f"make {plan.name} {plan.version}", len(made), len(made))
    return tuple(made)


def _silent(what: str, done: int, total: int) -> None:
    """Report no progress."""
