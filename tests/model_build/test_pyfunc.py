"""A registered version, loaded by MLflow itself, answers as the evaluator did."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.model_build.assemble import manifest_values
from mobile_ai.model_build.data import held_out_rows
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.pull import pull
from mobile_ai.model_build.pyfunc import VersionModel
from mobile_ai.model_build.recipe import RECIPES, load_recipe
from mobile_ai.model_build.register import register_version
from mobile_ai.model_build.registry_model import LOGGED_MODEL_TAG
from mobile_ai.model_build.runtime import load
from mobile_ai.model_build.writer import read_version

pytestmark = [pytest.mark.build, pytest.mark.slow]

DIGITS = Path("models/digits/1.1.0")
ROWS = 300


@pytest.fixture(scope="module")
def rows():
    return held_out_rows(load_recipe(RECIPES / "digits-1.1.0.yaml")).rows.take(np.arange(ROWS))


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Return a registry with the sample's digits under the alias `prod`."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"
    trust = sample_trust()
    pins = {"prod": {read_version(DIGITS).sha256}}
    made = register_version(DIGITS / "manifest.yaml", trust=trust, tracking_uri=uri, pins=pins)
    assert made.aliases == ("prod",)
    return uri


@pytest.fixture(autouse=True)
def addressed(registry, monkeypatch):
    """Name the registry to MLflow, whose setters would hold for every later test."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry)


def sample_trust():
    from mobile_ai.cli.models.options import trust_of  # noqa: PLC0415

    return trust_of("dev", None)


def loaded(**config):
    pyfunc = importlib.import_module("mlflow").pyfunc
    return pyfunc.load_model("models:/digits@prod", model_config=config)


@pytest.mark.parametrize("variant", ["fp32", "int8", "int8-onnx"])
def test_a_registered_version_gives_the_evaluators_numbers(rows, variant):
    model = loaded(variant=variant)
    answer = model.predict({"image": rows.inputs["image"]})
    artifact = next(i for i in read_version(DIGITS).manifest.artifacts if i.variant == variant)
    evaluator = load(DIGITS / artifact.files[0].path, artifact.format)
    (expected,) = evaluator.many(rows.inputs)
    (name,) = (item.name for item in evaluator.outputs)
    assert np.array_equal(answer[name], expected)


def test_mlflow_reads_signature_example_and_data_sets(registry):
    models = importlib.import_module("mlflow.models")
    model = loaded()
    assert [item.name for item in model.metadata.signature.inputs.inputs] == ["image"]
    place = importlib.import_module("mlflow").artifacts.download_artifacts("models:/digits@prod")
    example = models.Model.load(place).load_input_example(place)
    assert set(model.predict(example)) == {"logits"}
    client = importlib.import_module("mlflow").MlflowClient(registry, registry)
    version = client.get_model_version_by_alias("digits", "prod")
    run = client.get_run(version.run_id)
    uses = {tag.value for item in run.inputs.dataset_inputs for tag in item.tags}
    assert {"eval", "fine-tuning"} <= uses
    assert "mobile-ai.parent" in run.data.tags
    logged = client.get_logged_model(version.tags[LOGGED_MODEL_TAG])
    assert (logged.status, logged.source_run_id) == ("READY", version.run_id)
    by_id = importlib.import_module("mlflow").pyfunc.load_model(f"models:/{logged.model_id}")
    assert np.array_equal(by_id.predict(example)["logits"], model.predict(example)["logits"])


def test_what_is_pulled_is_the_files_as_before(registry, tmp_path):
    found = {item.sha256 for item in pull("models:/digits/1", to=tmp_path, tracking_uri=registry)}
    artifacts = read_version(DIGITS).manifest.artifacts
    assert found == {item.files[0].sha256 for item in artifacts}


def test_an_artifact_of_other_bytes_is_not_run(tmp_path):
    folder = tmp_path / "1.1.0"
    shutil.copytree(DIGITS, folder)
    file = folder / read_version(DIGITS).manifest.artifacts[0].files[0].path
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelBuildError, match="as in the manifest"):
        VersionModel(folder)


def test_a_variant_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ModelBuildError, match="one of fp32"):
        VersionModel(DIGITS, variant="int3")


def test_an_input_that_is_missing_is_named(rows):
    with pytest.raises(ModelBuildError, match="without image"):
        VersionModel(DIGITS).predict({"picture": rows.inputs["image"]})


def version_with(folder, *steps):
    """Return the folder of the sample's version with another pre-processing, and labels."""
    shutil.copytree(DIGITS, folder)
    manifest = read_version(DIGITS).manifest
    after = [{"operation": "labels", "tensor": "logits", "names": list("0123456789")}]
    values = manifest_values(manifest)
    values["io"] |= {"preprocessing": list(steps), "postprocessing": after}
    (folder / "manifest.yaml").write_text(dump_yaml(values))
    return folder


def test_raw_pixels_become_what_the_reader_of_the_data_set_makes_of_them(tmp_path, rows):
    scale = {"operation": "scale", "tensor": "image", "factor": 1 / 255, "offset": 0.0}
    folder = version_with(tmp_path / "1.1.0", scale)
    pixels = np.rint(rows.inputs["image"] * 255).astype(np.uint8)
    answer = VersionModel(folder).predict(pixels)
    (expected,) = load(folder / "artifacts/digits-fp32.tflite", "tflite").many(rows.inputs)
    assert np.array_equal(answer["logits"], expected)
    assert [int(label) for label in answer["label"]] == expected.argmax(axis=1).tolist()
    given = VersionModel(folder, preprocess=False).predict(rows.inputs)
    assert np.array_equal(given["logits"], expected)


def test_pre_processing_that_is_not_implemented_is_refused_unless_left_to_the_caller(tmp_path):
    step = {"operation": "decode-image", "tensor": "image", "channels": "grey"}
    folder = version_with(tmp_path / "1.1.0", step)
    with pytest.raises(ModelBuildError, match="preprocess"):
        VersionModel(folder)
    assert VersionModel(folder, preprocess=False).artifact.variant == "fp32"
