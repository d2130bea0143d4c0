"""Loader of MLflow's python_function flavor: a registered version answers as the evaluator did.

MLflow imports this module by the name in a version's `MLmodel` file. Inputs are raw values; the
manifest's pre-processing is applied, then the artifact runs in the evaluator's own runtime, one row
at a time. Outputs are the artifact's, by name, with `label` beside them where the manifest
names labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.manifest import UNSTATED, Artifact, ModelManifest
from mobile_ai.contracts.manifest_io import LabelsStep, NormaliseStep, ScaleStep
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.runtime import DTYPES, Runner, load, unavailable
from mobile_ai.model_build.writer import read_version

_Arrays = dict[str, NDArray[Any]]


class VersionModel:
    """A version's artifact with the manifest's pre-processing; MLflow calls `predict`."""

    def __init__(self, folder: Path, *, variant: str = "", preprocess: bool = True) -> None:
        """Load an artifact of the version in a folder.

        Args:
            folder: Of the version, with `manifest.yaml`.
            variant: Name of the artifact; by default the first that runs here.
            preprocess: Whether inputs are raw; else they are the artifact's own tensors.

        Raises:
            ModelBuildError: If no such artifact runs here, its bytes are not the manifest's, or
                the manifest states a pre-processing that is not implemented here.
        """
        self._manifest = read_version(folder).manifest
        self.artifact = _artifact(self._manifest, variant)
        self._runner = _load(folder, self.artifact)
        self._steps = _steps(self._manifest) if preprocess else ()
        self._labels = _labels(self._manifest)

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> _Arrays:  # noqa: ARG002  # MLflow's interface
        """Return the outputs by name, and `label`.

        Raises:
            ModelBuildError: If an input is missing or is no array of numbers.
        """
        inputs = self._inputs(model_input)
        for name, change in self._steps:
            inputs[name] = change(inputs[name])
        inputs = {
            item.name: np.asarray(inputs[item.name], dtype=DTYPES[item.dtype])
            for item in self._runner.inputs
        }
        by_row = all(item.shape[:1] in {(1,), (-1,)} for item in self._runner.inputs)
        found = self._runner.many(inputs) if by_row else self._runner.once(inputs)
        names = [item.name for item in self._runner.outputs]
        answer = dict(zip(names, found, strict=True))
        if self._labels is not None:
            tensor, labels = self._labels
            answer["label"] = labels[np.argmax(answer[tensor], axis=-1)]
        return answer

    def _inputs(self, given: Any) -> _Arrays:
        names = [item.name for item in self._runner.inputs]
        if isinstance(given, np.ndarray) and len(names) == 1:
            return {names[0]: given}
        known = given if isinstance(given, Mapping) else {}
        missing = [name for name in names if name not in known]
        if missing:
            raise ModelBuildError(
                "model input",
                got=f"{type(given).__name__} without {', '.join(missing)}",
                expected=f"a mapping of {', '.join(names)} to arrays",
                next_step="give one array for each input of the signature, see docs/models.md",
            )
        return {name: np.asarray(known[name]) for name in names}


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> VersionModel:
    """Return the model in a folder that MLflow downloaded."""
    config = dict(model_config or {})
    return VersionModel(
        Path(path),
        variant=str(config.get("variant") or ""),
        preprocess=bool(config.get("preprocess", True)),
    )


def _artifact(manifest: ModelManifest, variant: str) -> Artifact:
    fit = [
        item
        for item in manifest.artifacts
        if not unavailable(item.format) and variant in {"", item.variant}
    ]
    if not fit:
        known = [item.variant for item in manifest.artifacts]
        raise ModelBuildError(
            f"{manifest.metadata.name} {manifest.metadata.version}",
            got=f"variant {variant or 'of any format'}",
            expected=f"one of {', '.join(known)} that runs on this platform",
            next_step="name another by model_config={'variant': NAME}, see docs/models.md",
        )
    return fit[0]


def _load(folder: Path, artifact: Artifact) -> Runner:
    (file,) = (item for item in artifact.files if item.kind == "model")
    path = folder / file.path
    found = sha256_bytes(path.read_bytes()) if path.is_file() else "no file"
    if found != file.sha256:
        raise ModelBuildError(
            f"artifact {artifact.variant}",
            got=f"{found} at {file.path}",
            expected=f"sha256 {file.sha256} as in the manifest",
            next_step="register the version again (`mobile-ai model register`) with its artifacts "
            "in place",
        )
    return load(path, artifact.format)


def _steps(
    manifest: ModelManifest,
) -> tuple[tuple[str, Callable[[NDArray[Any]], NDArray[Any]]], ...]:
    steps = () if manifest.io.preprocessing == UNSTATED else manifest.io.preprocessing
    return tuple((step.tensor, _change(step)) for step in steps)


def _change(step: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    # In double precision and rounded once, as the readers of data sets do it.
    if isinstance(step, ScaleStep):
        return lambda values: values.astype(np.float64) * step.factor + step.offset
    if isinstance(step, NormaliseStep):
        mean, deviation = np.array(step.mean), np.array(step.deviation)
        return lambda values: (values.astype(np.float64) - mean) / deviation
    raise ModelBuildError(
        f"pre-processing of {step.tensor}",
        got=f"operation {step.operation}",
        expected="scale or normalise",
        next_step="do it yourself and load with model_config={'preprocess': False}, "
        "see docs/models.md",
    )


def _labels(manifest: ModelManifest) -> tuple[str, NDArray[np.str_]] | None:
    steps = () if manifest.io.postprocessing == UNSTATED else manifest.io.postprocessing
    for step in steps:
        if isinstance(step, LabelsStep) and step.names:
            return step.tensor, np.array(step.names)
    return None
