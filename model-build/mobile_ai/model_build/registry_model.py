"""MLflow's description of a version: MLmodel, input example, data sets, logged model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mobile_ai.contracts.manifest import UNSTATED, ModelManifest, TensorSpec
from mobile_ai.contracts.manifest_io import ScaleStep
from mobile_ai.model_build.errors import need
from mobile_ai.model_build.runtime import DTYPES

LOGGED_MODEL_TAG: Final = "mobile-ai.logged-model"
"""Tag of a registered version with the id of its logged model."""
_LOADER: Final = "mobile_ai.model_build.pyfunc"
_EXAMPLE: Final = "input_example.json"
_SERVING_EXAMPLE: Final = "serving_input_example.json"
_MAX_EXAMPLE: Final = 100_000  # numbers: an example is read by people
_DIGEST_LENGTH: Final = 36  # MLflow's limit
_CONTEXTS: Final = {"evaluation": "eval"}


def write_mlmodel(manifest: ModelManifest, folder: Path, *, run_id: str) -> None:
    """Write `MLmodel`, an input example and the requirements of a version into a folder."""
    models = need("mlflow.models")
    example = _example(manifest)
    model = models.Model(run_id=run_id, signature=_signature(manifest))
    if example is not None:
        values = {name: value.tolist() for name, value in example.items()}
        (folder / _EXAMPLE).write_text(json.dumps(values))
        (folder / _SERVING_EXAMPLE).write_text(json.dumps({"inputs": values}))
        model.saved_input_example_info = {
            "artifact_path": _EXAMPLE,
            "serving_input_path": _SERVING_EXAMPLE,
            "type": "ndarray",
            "format": "tf-serving",
        }
    need("mlflow.pyfunc").add_to_model(
        model,
        loader_module=_LOADER,
        model_config={"variant": "", "preprocess": True},
        python_env="python_env.yaml",
    )
    pin = f"mobile-ai-delivery[build]=={installed('mobile-ai-delivery')}"
    (folder / "requirements.txt").write_text(f"{pin}\n")
    (folder / "python_env.yaml").write_text("dependencies: [-r requirements.txt]\n")
    model.save(str(folder / "MLmodel"))


def log_lineage(client: Any, run_id: str, manifest: ModelManifest) -> None:
    """Log the data sets, the commit and the parent of a version to its run."""
    entities = need("mlflow.entities")
    inputs = [
        entities.DatasetInput(
            entities.Dataset(
                name=item.name,
                digest=item.digest[:_DIGEST_LENGTH],
                source_type="external",
                source=json.dumps({"uri": item.source, "sha256": item.digest}),
                profile=json.dumps({"num_rows": item.rows}),
            ),
            tags=[entities.InputTag("mlflow.data.context", _CONTEXTS.get(item.use, item.use))],
        )
        for item in manifest.lineage.datasets
    ]
    if inputs:
        client.log_inputs(run_id, datasets=inputs)
    client.set_tag(run_id, "mlflow.source.git.commit", manifest.lineage.source_commit)
    parent = manifest.lineage.parent
    if parent is not None:
        client.set_tag(run_id, "mobile-ai.parent", f"{parent.version} sha256:{parent.sha256}")


def log_model(
    client: Any, manifest: ModelManifest, folder: Path, *, version: Any, experiment: str
) -> None:
    """Create the logged model of a registered version; servers before MLflow 3 have none.

    Args:
        client: MLflow client.
        manifest: Of the version.
        folder: Of the version's files.
        version: MLflow's entity of the registered version.
        experiment: Id of the experiment.
    """
    name = f"{manifest.metadata.name}-{manifest.metadata.version}".replace(".", "_")
    try:
        made = client.create_logged_model(experiment, name=name, source_run_id=version.run_id)
    except need("mlflow.exceptions").MlflowException as error:
        if error.error_code in {"ENDPOINT_NOT_FOUND", "NOT_FOUND"} or _unknown_address(error):
            return
        raise
    with tempfile.TemporaryDirectory() as scratch:
        write_mlmodel(manifest, Path(scratch), run_id=version.run_id)
        client.log_model_artifacts(made.model_id, str(folder))
        client.log_model_artifacts(made.model_id, scratch)
    client.finalize_logged_model(made.model_id, "READY")
    # Each names the other: MLflow's pages follow the first tag, and stores keep no model id.
    names = json.dumps([{"name": version.name, "version": str(version.version)}])
    client.set_logged_model_tags(made.model_id, {"mlflow.modelVersions": names})
    client.set_model_version_tag(version.name, version.version, LOGGED_MODEL_TAG, made.model_id)


def _unknown_address(error: Any) -> bool:
    """Tell a server without the endpoint, whose answer is a plain 404 page."""
    get_status = getattr(error, "get_http_status_code", None)
    return "404" in str(error) or (get_status is not None and get_status() == 404)  # noqa: PLR2004


def _signature(manifest: ModelManifest) -> Any:
    signature = need("mlflow.models").ModelSignature
    return signature(inputs=_schema(manifest.io.inputs), outputs=_schema(manifest.io.outputs))


def _schema(tensors: tuple[TensorSpec, ...]) -> Any:
    types = need("mlflow.types")
    return types.Schema(
        [
            types.TensorSpec(np.dtype(DTYPES[item.dtype]), _shape(item), item.name)
            for item in tensors
        ]
    )


def _shape(tensor: TensorSpec) -> tuple[int, ...]:
    """Return the shape with a free number of rows, which are run one at a time."""
    return (-1, *tensor.shape[1:]) if tensor.shape[:1] == (1,) else tensor.shape


def _example(manifest: ModelManifest) -> dict[str, NDArray[Any]] | None:
    found = dict(_generated(manifest))
    return found if sum(value.size for value in found.values()) <= _MAX_EXAMPLE else None


def _generated(manifest: ModelManifest) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield one seeded row for each input, before pre-processing; nobody's data."""
    generator = np.random.default_rng(0)
    steps = () if manifest.io.preprocessing == UNSTATED else manifest.io.preprocessing
    for item in manifest.io.inputs:
        low, high = (0.0, 1.0) if item.range == UNSTATED else (item.range.low, item.range.high)
        values = generator.uniform(low, high, [max(size, 1) for size in item.shape])
        for step in reversed(steps):
            if isinstance(step, ScaleStep) and step.tensor == item.name and step.factor:
                values = (values - step.offset) / step.factor
        yield item.name, values.astype(DTYPES[item.dtype])
