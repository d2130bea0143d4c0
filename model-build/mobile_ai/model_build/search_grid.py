"""Variants that a search tries beside those of the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mobile_ai.model_build.recipe import BuildRecipe, VariantSpec

_DENSE_CONV: Final = ("dense", "conv")


def grid(recipe: BuildRecipe) -> tuple[VariantSpec, ...]:
    """Return the variants to search: those of the recipe, then the default list.

    The list has one entry for each trade-off that the quantizers offer, for the formats of the
    recipe's own variants; entries that equal one of the recipe are left out.
    """
    found = [spec for spec in recipe.variants if spec.format != "coreml"]
    known = {_content(spec) for spec in found}
    names = {spec.name for spec in found}
    new = (
        spec for spec in _defaults(recipe) if _content(spec) not in known and spec.name not in names
    )
    return (*found, *new)


def _content(spec: VariantSpec) -> str:
    return spec.model_dump_json(exclude={"name", "needs"})


def _defaults(recipe: BuildRecipe) -> Iterator[VariantSpec]:
    formats = {spec.format for spec in recipe.variants}
    if "tflite" in formats:
        yield from _tflite(trained=not recipe.source.imported)
    if "onnx" in formats:
        for scheme in ("static-int8", "dynamic-int8", "fp16"):
            yield _spec(f"{scheme}-onnx", scheme, format="onnx")
        yield _spec(
            "static-int8-percentile-onnx",
            "static-int8",
            format="onnx",
            calibration_method="percentile",
        )


def _tflite(*, trained: bool) -> Iterator[VariantSpec]:
    for scheme in ("dynamic-int8", "static-int8", "static-int16", "weight-int8"):
        yield _spec(scheme, scheme)
    if trained:
        yield _spec("fp16", "fp16")
    for bits in (4, 2):
        yield _spec(f"int{bits}-octav", "dynamic-int8", layers=_layers(bits, "octav"))
        yield _spec(
            f"int{bits}-octav-dense", "dynamic-int8", layers=_layers(bits, "octav", ("dense",))
        )
    gptq = (*_layers(4, "octav", ("conv",)), *_layers(4, "gptq", ("dense",)))
    yield _spec("int4-gptq", "dynamic-int8", layers=gptq)
    block = _layers(4, "min-max", ("dense",), granularity="block-32")
    yield _spec("int4-block-32", "dynamic-int8", layers=block)
    if not trained:
        return
    for bits in (4, 2):
        layers = _layers(bits, "min-max", ("dense",))
        conv = _layers(4, "min-max", ("conv",))
        yield _spec(f"low-bit-int{bits}", "dynamic-int8", adapt="low-bit", layers=(*conv, *layers))
        yield _spec(f"low-bit-int{bits}-dense", "dynamic-int8", adapt="low-bit", layers=layers)
    for sparsity in (0.5, 0.75):
        yield _spec(
            f"pruned-{sparsity:.0%}-int4-octav".replace("%", ""),
            "dynamic-int8",
            adapt="pruned",
            sparsity=sparsity,
            layers=_layers(4, "octav"),
        )


def _layers(
    bits: int, algorithm: str, operations: tuple[str, ...] = _DENSE_CONV, **more: str
) -> list[dict[str, Any]]:
    return [
        {"operation": operation, "bits": bits, "algorithm": algorithm, **more}
        for operation in operations
    ]


def _spec(name: str, scheme: str, **more: Any) -> VariantSpec:
    return VariantSpec.model_validate({"name": name, "quantize": scheme, **more})
