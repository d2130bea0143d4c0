"""Describes a build: files, tensors, lineage, tools."""

from __future__ import annotations

from importlib.metadata import version as installed
from pathlib import Path

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.manifest import (
    UNSTATED,
    Requirements,
    StatedCount,
    StatedText,
    StatedTexts,
    TensorSpec,
)
from mobile_ai.model_build.export import Chain, Exporter
from mobile_ai.model_build.macs import count_macs
from mobile_ai.model_build.recipe import BuildRecipe, VariantSpec, recipe_digest
from mobile_ai.model_build.results import BuildResult, ParentRef, VariantResult
from mobile_ai.model_build.runtime import load, unavailable
from mobile_ai.model_build.silence_output import quiet
from mobile_ai.model_build.source import repository_path
from mobile_ai.model_build.train_or_reuse import Trained

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


def reference_of(recipe: BuildRecipe) -> str:
    """Return the reference variant: the first of the recipe."""
    return recipe.variants[0].name


def write_variant(spec: VariantSpec, recipe: BuildRecipe, chain: Chain, out: Path) -> VariantResult:
    """Write a variant's file under `out/artifacts` and describe it."""
    content, transforms = chain
    file = out / "artifacts" / f"{spec.name}.{_SUFFIX[spec.format]}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    inputs, outputs = _tensors(spec, recipe, file)
    return VariantResult(
        variant=spec.name,
        format=spec.format,
        file=file,
        sha256=sha256_bytes(content),
        bytes=len(content),
        needs=_needs(spec),
        inputs=inputs,
        outputs=outputs,
        transforms=transforms,
    )


def summarise(
    path: Path,
    recipe: BuildRecipe,
    variants: tuple[VariantResult, ...],
    *,
    trained: Trained | None = None,
) -> BuildResult:
    """Return the result of a build; `trained` is ``None`` for an imported model."""
    macs = count_macs(variants[0].file, variants[0].format) or {}
    return BuildResult(
        model=recipe.name,
        version=recipe.version,
        modalities=recipe.modalities,
        task=recipe.task,
        owners=recipe.owners,
        description=recipe.description,
        risk_class=recipe.risk_class,
        licence=recipe.licence,
        fallback=recipe.fallback,
        labels=recipe.labels,
        recipe=repository_path(path) or path.name,
        recipe_sha256=recipe_digest(path),
        seed=recipe.seed,
        parent=_parent(trained.parent) if trained else None,
        datasets=(trained.rows.dataset,) if trained else (),
        parameters=int(trained.model.count_params()) if trained else 0,
        macs=sum(macs.values()),
        variants=variants,
        reference=reference_of(recipe),
        tools={name: installed(name) for name in _TOOLS},
        notes=_notes(variants),
    )


def _needs(spec: VariantSpec) -> Requirements:
    apple, needs = spec.format == "coreml", spec.needs
    api, ios = None if apple else needs.min_android_api, needs.min_ios
    return Requirements(
        min_android_api=UNSTATED
        if apple or api is None
        else StatedCount(value=api, how="declared"),
        min_ios=UNSTATED if ios is None else StatedText(value=ios, how="declared"),
        # Undeclared, it is derived from measured memory when the version is assembled.
        min_ram_mb=UNSTATED
        if needs.min_ram_mb is None
        else StatedCount(value=needs.min_ram_mb, how="declared"),
        runtime=StatedText(value=_RUNTIME[spec.format], how="derived"),
        delegates=StatedTexts(value=("cpu",), how="declared"),
    )


def _tensors(
    spec: VariantSpec, recipe: BuildRecipe, file: Path
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


def _parent(trained: Trained | None) -> ParentRef | None:
    if trained is None:
        return None
    recipe = trained.recipe
    content, _ = Exporter(trained).make(recipe.variants[0])
    return ParentRef(model=recipe.name, version=recipe.version, sha256=sha256_bytes(content))


def _notes(variants: tuple[VariantResult, ...]) -> tuple[str, ...]:
    return tuple(
        f"{each.variant}: step {link.step} is not reproducible: {link.reason}"
        for each in variants
        for link in each.transforms
        if not link.reproducible
    )
