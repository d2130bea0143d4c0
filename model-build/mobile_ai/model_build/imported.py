"""Imports models: a file, a file in a locked wheel, or a version in an MLflow registry.

An imported model has no data set, so that its quality is not measured. Instead, every output of
every variant is compared with the original file's (parity).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mobile_ai.model_build.calibration import Calibration
from mobile_ai.model_build.dequantize_fp16 import widen
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.fetch import read_members
from mobile_ai.model_build.inspection import inspect_file
from mobile_ai.model_build.lock import locked
from mobile_ai.model_build.moved import check_moved
from mobile_ai.model_build.pull import registry_files
from mobile_ai.model_build.quantize_onnx import quantize_onnx
from mobile_ai.model_build.quantize_tflite import quantize_tflite
from mobile_ai.model_build.recipe import BuildRecipe, Source, VariantSpec
from mobile_ai.model_build.results import Transform
from mobile_ai.model_build.runtime import load
from mobile_ai.model_build.silence_output import quiet
from mobile_ai.model_build.synthetic_inputs import Sample, probe_samples


class Imported:
    """An imported model: its bytes, format, given rows and calibration rows."""

    def __init__(
        self,
        content: bytes,
        recipe: BuildRecipe,
        *,
        origin: str,
        samples: list[Sample] | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        """Inspect the bytes in a separate process before loading them in this one.

        Args:
            content: The file.
            recipe: Its `source` says how rows are generated where none are given.
            origin: Name of the source.
            samples: Rows to compare the variants' outputs on, one inference each.
            calibration: Rows that quantisation calibrates on; by default the samples.

        Raises:
            InspectionError: If the file may not be loaded.
        """
        self.content = content
        self.origin = origin
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            path.write_bytes(content)
            self.format = inspect_file(path, shapes=recipe.source.probe_shapes).format
            with quiet():
                specs = load(path, self.format).inputs
        self.samples: list[Sample] = samples or probe_samples(
            specs, recipe.source, seed=recipe.seed
        )
        self.calibration: Calibration = self.samples if calibration is None else calibration

    @property
    def sha256(self) -> str:
        """Return the digest of the original file."""
        return hashlib.sha256(self.content).hexdigest()


def bring(recipe: BuildRecipe, *, folder: Path) -> Imported:
    """Return the model that a recipe names; relative paths are relative to `folder`.

    Raises:
        ModelBuildError: If it cannot be fetched, or its digest is not the recipe's.
        InspectionError: If the file may not be loaded.
    """
    source = recipe.source
    if source.kind == "locked":
        (content,) = read_members(locked(str(source.name))).values()
        origin = f"{source.name} in data.lock.yaml"
    elif source.kind == "file":
        content = (folder / str(source.path)).read_bytes()
        origin = Path(str(source.path)).name
    else:
        content, origin = _from_registry(source), str(source.uri)
    found = hashlib.sha256(content).hexdigest()
    if source.sha256 and source.sha256 != found:
        raise ModelBuildError(
            origin,
            got=f"sha256 {found}",
            expected=f"sha256 {source.sha256}",
            next_step="find out who changed it, then correct the recipe",
        )
    return Imported(content, recipe, origin=origin)


def make_imported(model: Imported, spec: VariantSpec) -> tuple[bytes, tuple[Transform, ...]]:
    """Return the bytes of a variant and its chain of transforms, from the original file on."""
    link = Transform(
        step="import",
        tool="mobile-ai-delivery",
        version=installed("mobile-ai-delivery"),
        parameters={"origin": model.origin, "format": model.format},
        input_sha256=model.sha256,
        output_sha256=model.sha256,
    )
    if spec.format != model.format:
        raise ModelBuildError(
            f"variant {spec.name}",
            got=f"format {spec.format}",
            expected=f"format {model.format}, as the imported file",
            next_step="import a file of the variant's format: an imported model is not converted",
        )
    content: bytes = model.content
    chain: tuple[Transform, ...] = (link,)
    if spec.quantize == "none":
        return content, chain
    if model.format == "tflite":
        content, chain = _step("widen", content, chain, widen(content), "flatbuffers")
        if spec.quantize == "widen":
            return content, chain
    tool = "litert-quantizer" if model.format == "tflite" else "onnxruntime"
    with quiet():
        made = _quantize(model, spec, content)
    if spec.quantize != "fp16":
        _check_outputs(model, spec, made)
    return _step(f"quantize {spec.quantize}", content, chain, made, tool, told=spec.told())


def _quantize(model: Imported, spec: VariantSpec, content: bytes) -> bytes:
    rows = model.calibration
    if model.format == "onnx":
        return quantize_onnx(
            content,
            spec.quantize,
            calibration=rows,
            keep=spec.keep,
            method=spec.calibration_method,
        )
    return quantize_tflite(
        content, spec.quantize, calibration=rows, keep=spec.keep, layers=spec.layers
    )


def _check_outputs(model: Imported, spec: VariantSpec, made: bytes) -> None:
    """Refuse a variant whose outputs moved too far on the given rows."""
    with quiet():
        base, found = (_answers(content, model) for content in (model.content, made))
    check_moved(spec.name, base, found, at_most=spec.moved_at_most)


def _answers(content: bytes, model: Imported) -> list[list[NDArray[Any]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        path.write_bytes(content)
        runner = load(path, model.format)
        return [runner.once(sample) for sample in model.samples]


def _step(
    what: str,
    before: bytes,
    chain: tuple[Transform, ...],
    made: bytes,
    tool: str,
    *,
    told: Mapping[str, str] | None = None,
) -> tuple[bytes, tuple[Transform, ...]]:
    step, _, scheme = what.partition(" ")
    link = Transform(
        step=step,
        tool=tool,
        version=installed(tool),
        parameters={**({"scheme": scheme} if scheme else {}), **(told or {})},
        input_sha256=hashlib.sha256(before).hexdigest(),
        output_sha256=hashlib.sha256(made).hexdigest(),
    )
    return made, (*chain, link)


def _from_registry(source: Source) -> bytes:
    """Return the model file of a registered version, chosen by the recipe's digest."""
    with tempfile.TemporaryDirectory() as folder:
        contents = [path.read_bytes() for path in registry_files(str(source.uri), Path(folder))]
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    if source.sha256 in digests:
        return contents[digests.index(source.sha256)]
    if source.sha256 or len(contents) != 1:
        raise ModelBuildError(
            str(source.uri),
            got=f"{len(contents)} model files: {', '.join(digests)}",
            expected=f"sha256 {source.sha256}" if source.sha256 else "exactly one model file",
            next_step="name the file that is meant by source.sha256 in the recipe",
        )
    return contents[0]
