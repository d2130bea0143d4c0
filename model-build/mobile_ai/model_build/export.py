"""Exports the variants of a recipe from a trained network, each with its transform chain."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.model_build import adapt, convert, frozen, metrics, train
from mobile_ai.model_build.quantize_onnx import quantize_onnx
from mobile_ai.model_build.quantize_tflite import quantize_tflite
from mobile_ai.model_build.recipe import VariantSpec
from mobile_ai.model_build.results import Agreement, Transform
from mobile_ai.model_build.rows import Rows
from mobile_ai.model_build.runtime import load, unavailable
from mobile_ai.model_build.silence_output import quiet
from mobile_ai.model_build.train_or_reuse import Trained

Chain = tuple[bytes, tuple[Transform, ...]]
"""A transformed model and the transforms that made it, in order."""
_STEPS = {
    "pruned": "prune",
    "qat": "quantization-aware-training",
    "low-bit": "quantization-aware-training",
    "dense": "fine-tune",
}
_QUANTISER = {"tflite": "litert-quantizer", "onnx": "onnxruntime", "coreml": "coremltools"}
_CONVERTER = {"tflite": "tensorflow", "onnx": "tf2onnx", "coreml": "coremltools"}


class Exporter:
    """Exports variants of one trained network; shared intermediate steps are cached."""

    def __init__(self, trained: Trained) -> None:
        """Prepare calibration rows; nothing is exported yet."""
        self._trained = trained
        self._calibration = calibration_rows(trained.rows.training, trained.recipe)
        self._digest = self._calibration.digest()
        self._models: dict[str, tuple[Any, tuple[Transform, ...]]] = {}
        self._floats: dict[tuple[str, str], Chain] = {}
        self._parent = Exporter(trained.parent) if trained.parent else None

    def make(self, spec: VariantSpec) -> Chain:
        """Return the bytes of a variant and its chain of transforms, from training on."""
        if spec.adapt == "qat" or spec.quantize == "fp16" or spec.format == "coreml":
            return self._converted(spec)
        content, chain = self._float(spec)
        if spec.quantize == "none":
            return content, chain
        if self._parent and spec.adapt == "none":
            return self._rescaled(spec, content, chain)
        with quiet():
            made = self._quantize(spec)(content)
        return made, (*chain, self._link("quantize", spec, content, made))

    def _quantize(self, spec: VariantSpec) -> Callable[[bytes], bytes]:
        inputs = self._calibration.inputs
        if spec.format == "onnx":
            return partial(
                quantize_onnx,
                scheme=spec.quantize,
                calibration=inputs,
                keep=spec.keep,
                method=spec.calibration_method,
            )
        return partial(
            quantize_tflite,
            scheme=spec.quantize,
            calibration=inputs,
            keep=spec.keep,
            layers=spec.layers,
        )

    def _rescaled(self, spec: VariantSpec, content: bytes, chain: tuple[Transform, ...]) -> Chain:
        """Quantise with the parent's scales, so that the patch between the versions is small."""
        if self._parent is None:
            raise ValueError("no parent to take scales from")
        before, _ = self._parent.make(spec)
        rescale = frozen.rescale_onnx if spec.format == "onnx" else frozen.rescale_tflite
        made = rescale(content, before)
        link = self._link("rescale", spec, content, made, scales_of=sha256_bytes(before))
        return made, (*chain, link)

    def _model(self, spec: VariantSpec) -> tuple[Any, tuple[Transform, ...]]:
        trained, how, key = self._trained, spec.adapt, _adaptation(spec)
        if how == "none":
            return trained.model, trained.transforms
        if key not in self._models:
            plan = trained.recipe.train
            if plan is None:
                raise ValueError("an adapted variant needs the recipe's 'train'")
            rows, seed = trained.rows.training, trained.recipe.seed
            with quiet():
                model = adapt.adapt(
                    trained.model,
                    how,
                    rows,
                    plan,
                    seed=seed,
                    sparsity=spec.sparsity,
                    layers=spec.layers,
                )
            told: dict[str, Any] = {"epochs": plan.adapt_epochs, "seed": seed}
            if how == "pruned":
                told |= {"target_sparsity": spec.sparsity, "sparsity": adapt.sparsity(model)}
            if how == "low-bit":
                told |= {"epochs": plan.epochs, **spec.told()}
            tool = "tensorflow" if how == "dense" else "tensorflow-model-optimization"
            link = Transform(
                step=_STEPS[how],
                tool=tool,
                version=installed(tool),
                parameters=told,
                input_sha256=train.weights_digest(trained.model),
                output_sha256=train.weights_digest(model),
            )
            self._models[key] = (model, (*trained.transforms, link))
        return self._models[key]

    def _float(self, spec: VariantSpec) -> Chain:
        key = (_adaptation(spec), spec.format)
        if key not in self._floats:
            model, chain = self._model(spec)
            with quiet():
                onnx = spec.format == "onnx"
                made = convert.to_onnx(model) if onnx else convert.to_tflite(model)
            link = self._convert_link(VariantSpec(name="fp32", format=spec.format), model, made)
            self._floats[key] = (made, (*chain, link))
        return self._floats[key]

    def _converted(self, spec: VariantSpec) -> Chain:
        """Return a variant whose quantisation happens in conversion: fp16, QAT int8, Core ML."""
        if spec.format == "onnx":
            content, chain = self._float(spec)
            with quiet():
                made = quantize_onnx(content, "fp16", calibration={})
            return made, (*chain, self._link("quantize", spec, content, made))
        model, chain = self._model(spec)
        with quiet():
            if spec.format == "coreml":
                bits = {"none": 32, "fp16": 16}.get(spec.quantize, 8)
                made = convert.to_coreml(model, bits=bits)
            else:
                half = spec.quantize == "fp16"
                made = convert.to_tflite(model, half=half, quantized=spec.adapt == "qat")
        return made, (*chain, self._convert_link(spec, model, made))

    def _convert_link(self, spec: VariantSpec, model: Any, made: bytes) -> Transform:
        parity = None
        if not unavailable(spec.format):
            expected = model.predict(list(self._calibration.inputs.values()), verbose=0)
            found = file_logits(made, spec.format, self._calibration.inputs)
            parity = metrics.parity(expected, found)
        tool = _CONVERTER[spec.format]
        return Transform(
            step="convert",
            tool=tool,
            version=installed(tool),
            parameters={"format": spec.format, "quantize": spec.quantize},
            input_sha256=train.weights_digest(model),
            output_sha256=sha256_bytes(made),
            parity=parity,
        )

    def _link(
        self, step: str, spec: VariantSpec, before: bytes, made: bytes, *, scales_of: str = ""
    ) -> Transform:
        tool = "mobile-ai-delivery" if step == "rescale" else _QUANTISER[spec.format]
        told: dict[str, str | int | float | bool] = {"scheme": spec.quantize}
        if spec.keep:
            told["keep"] = spec.keep
        told |= spec.told()
        if scales_of:
            told["scales_of"] = scales_of
        needs_rows = step == "quantize" and spec.calibrated
        return Transform(
            step=step,
            tool=tool,
            version=installed(tool),
            parameters=told,
            input_sha256=sha256_bytes(before),
            output_sha256=sha256_bytes(made),
            calibration_sha256=self._digest if needs_rows else None,
            parity=self._parity(spec.format, before, made),
        )

    def _parity(self, format_: str, before: bytes, made: bytes) -> Agreement:
        inputs = self._calibration.inputs
        return metrics.parity(
            file_logits(before, format_, inputs), file_logits(made, format_, inputs)
        )


def _adaptation(spec: VariantSpec) -> str:
    """Return what decides an adapted network, as a key."""
    bits = spec.told()["layers"] if spec.adapt == "low-bit" else ""
    return f"{spec.adapt} {spec.sparsity if spec.adapt == 'pruned' else ''} {bits}"


def calibration_rows(rows: Rows, recipe: Any) -> Rows:
    """Return the first training rows for calibration; held-out rows are never used."""
    return rows.take(np.arange(min(recipe.calibration_rows, len(rows))))


def file_logits(content: bytes, format_: str, inputs: Any) -> NDArray[Any]:
    """Return the first output of a file for some rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{format_}"
        path.write_bytes(content)
        return load(path, format_).many(inputs)[0]
