"""The pipeline: wires the steps, does nothing of its own.

`build` makes the files from training rows; `evaluate` scores those files on held-out rows.
They share a recipe and nothing else, so that two roles on two machines can run them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version as installed
from pathlib import Path

from model_build.data import held_out_rows
from model_build.evaluate import ArtifactFile, evaluate_artifacts
from model_build.export import Chain, Exporter, sha256
from model_build.imported import build_imported, evaluate_imported
from model_build.macs import count_macs
from model_build.obtain import Trained, obtain
from model_build.quiet import quiet
from model_build.recipe import Recipe, VariantSpec, load_recipe, recipe_digest
from model_build.results import (
    BuildResult,
    EvaluationReport,
    Needs,
    ParentRef,
    TensorSpec,
    VariantResult,
)
from model_build.runtime import load, unavailable

__all__ = ["Progress", "build", "evaluate"]

# Called with (what is being done, steps done, steps in all).
Progress = Callable[[str, int, int], None]
_SUFFIX = {"tflite": "tflite", "onnx": "onnx", "coreml": "mlpackage.zip"}
_RUNTIME = {
    "tflite": "LiteRT >= 2.0",
    "onnx": "onnxruntime >= 1.23",
    "coreml": "Core ML, iOS >= 15",
}
_TOOLS = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "litert-quantizer",
    "ai-edge-litert",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "coremltools",
    "numpy",
)


def build(recipe: Path, *, out: Path, progress: Progress | None = None) -> BuildResult:
    """Make every variant of a recipe under `out/artifacts`.

    Raises:
        BuildError: If a step cannot be done; files made before stay.
    """
    plan = load_recipe(recipe)
    if plan.source.imported:
        return build_imported(recipe, plan, out=out)
    with quiet():
        trained = obtain(recipe, tick=_ticker(progress, f"train {plan.name} {plan.version}"))
    exporter = Exporter(trained)
    variants = []
    for number, spec in enumerate(plan.variants):
        if progress:
            progress(f"make {plan.name} {plan.version} {spec.name}", number, len(plan.variants))
        variants.append(_variant(spec, plan, exporter.make(spec), out))
    return _result(recipe, trained, tuple(variants))


def evaluate(
    recipe: Path, files: tuple[ArtifactFile, ...], *, progress: Progress | None = None
) -> EvaluationReport:
    """Score files on the recipe's held-out rows and judge its gates."""
    plan = load_recipe(recipe)
    if plan.source.imported:
        return evaluate_imported(plan, files)

    def tick(done: int, total: int, what: str) -> None:
        if progress:
            progress(f"evaluate {what}", done, total)

    with quiet():
        rows = held_out_rows(plan)
    return evaluate_artifacts(
        files, rows, plan, reference=reference_of(plan), tick=tick
    )


def reference_of(recipe: Recipe) -> str:
    """Return the variant that others are compared with: the first of the recipe."""
    return recipe.variants[0].name


def _ticker(progress: Progress | None, what: str) -> Callable[[int, int], None]:
    def tick(done: int, total: int) -> None:
        if progress:
            progress(what, done, total)

    return tick


def _variant(spec: VariantSpec, recipe: Recipe, chain: Chain, out: Path) -> VariantResult:
    content, transforms = chain
    file = out / "artifacts" / f"{spec.name}.{_SUFFIX[spec.format]}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    inputs, outputs = _tensors(spec, recipe, file)
    return VariantResult(
        variant=spec.name,
        format=spec.format,
        file=file,
        sha256=sha256(content),
        bytes=len(content),
        needs=_needs(spec),
        inputs=inputs,
        outputs=outputs,
        transforms=transforms,
    )


def _needs(spec: VariantSpec) -> Needs:
    apple, needs = spec.format == "coreml", spec.needs
    return Needs(
        min_ram_mb=needs.min_ram_mb,
        runtime=_RUNTIME[spec.format],
        min_android_api=None if apple else needs.min_android_api,
        min_ios=needs.min_ios,
    )


def _tensors(
    spec: VariantSpec, recipe: Recipe, file: Path
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    if unavailable(spec.format):
        return (), ()
    with quiet():
        runner = load(file, spec.format)
    senses = {each.name: each.modality for each in recipe.inputs}
    inputs = tuple(
        TensorSpec(name=i.name, dtype=i.dtype, shape=i.shape, modality=senses.get(i.name))
        for i in runner.inputs
    )
    return inputs, runner.outputs


def _result(path: Path, trained: Trained, variants: tuple[VariantResult, ...]) -> BuildResult:
    recipe = trained.recipe
    return BuildResult(
        model=recipe.name,
        version=recipe.version,
        modalities=recipe.modalities,
        task=recipe.task,
        owners=recipe.owners,
        description=recipe.description,
        risk_class=recipe.risk_class,
        fallback=recipe.fallback,
        labels=recipe.labels,
        recipe=f"recipes/{path.name}",
        recipe_sha256=recipe_digest(path),
        seed=recipe.seed,
        parent=_parent(trained),
        datasets=(trained.rows.dataset,),
        parameters=int(trained.model.count_params()),
        macs=sum((count_macs(variants[0].file, variants[0].format) or {}).values()),
        variants=variants,
        reference=reference_of(recipe),
        tools={name: installed(name) for name in _TOOLS},
        notes=_notes(variants),
    )


def _parent(trained: Trained) -> ParentRef | None:
    if trained.parent is None:
        return None
    recipe = trained.parent.recipe
    content, _ = Exporter(trained.parent).make(recipe.variants[0])
    return ParentRef(model=recipe.name, version=recipe.version, sha256=sha256(content))


def _notes(variants: tuple[VariantResult, ...]) -> tuple[str, ...]:
    return tuple(
        f"{each.variant}: step {link.step} is not reproducible: {link.reason}"
        for each in variants
        for link in each.transforms
        if not link.reproducible
    )
