"""The registry follows Git: one version per digest, aliases of stack files; and `pull`."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path

import pytest

from mobile_ai.model_build.inspection import InspectionError
from mobile_ai.model_build.pull import PullError, pull
from mobile_ai.model_build.register import (
    RegisterError,
    _precedence,
    register_version,
    stack_pins,
)
from tests.model_build import hostile
from tests.model_build.versions import Signed, signed_version
from tests.stack.sample import stack_text

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Signed:
    return signed_version(tmp_path_factory.mktemp("version"))


@pytest.fixture(scope="module")
def uri(tmp_path_factory, signed) -> str:
    place = f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"
    made = registered(signed, place)
    assert (made.created, made.number, made.aliases) == (True, "1", ())
    return place


def registered(signed: Signed, uri: str, **pins: set[str]):
    path = signed.version.folder / "manifest.yaml"
    return register_version(path, trust=signed.trust, tracking_uri=uri, pins=pins)


def client(uri: str):
    return importlib.import_module("mlflow").MlflowClient(tracking_uri=uri, registry_uri=uri)


def test_registering_again_makes_no_second_version(signed, uri):
    again = registered(signed, uri)
    assert (again.created, again.number) == (False, "1")
    assert len(client(uri).search_model_versions("name = 'digits'")) == 1


def test_aliases_are_the_stacks_that_pin_it_and_follow_when_they_stop(signed, uri):
    pin = {signed.version.sha256}
    assert registered(signed, uri, dev=pin, prod=pin).aliases == ("dev", "prod")
    assert registered(signed, uri, dev={"0" * 64}, prod=pin).aliases == ("prod",)
    assert list(client(uri).get_registered_model("digits").aliases) == ["prod"]


@pytest.fixture(scope="module")
def later(tmp_path_factory) -> Signed:
    return signed_version(tmp_path_factory.mktemp("later"), version="1.10.0")


def test_an_earlier_version_registered_later_moves_no_alias_back(tmp_path, signed, later):
    place = f"sqlite:///{tmp_path}/mlflow.db"
    both = {later.version.sha256, signed.version.sha256}
    pins = {"prod": {later.version.sha256}, "dev": both, "old": {signed.version.sha256}}
    assert registered(later, place, **pins).aliases == ("dev", "prod")
    for _ in range(2):
        assert registered(signed, place, **pins).aliases == ("old",)
        aliases = client(place).get_registered_model("digits").aliases
        assert {key: str(value) for key, value in aliases.items()} == {
            "prod": "1", "dev": "1", "old": "2",
        }  # fmt: skip
    assert registered(later, place, **pins).aliases == ("dev", "prod")


def test_an_alias_follows_a_rollback_of_the_stack_file(tmp_path, signed, later):
    place = f"sqlite:///{tmp_path}/mlflow.db"
    registered(signed, place, prod={later.version.sha256})
    assert registered(later, place, prod={later.version.sha256}).aliases == ("prod",)
    assert registered(later, place, prod={signed.version.sha256}).aliases == ()
    assert registered(signed, place, prod={signed.version.sha256}).aliases == ("prod",)


def test_versions_are_ordered_by_their_numbers_and_not_by_their_text():
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1"]
    ordered += ["1.0.0", "1.2.0", "1.10.0", "2.0.0"]
    assert [*map(_precedence, ordered)] == sorted(map(_precedence, ordered))
    assert len(set(map(_precedence, ordered))) == len(ordered)


def test_metrics_and_evidence_are_in_the_run(uri):
    version = client(uri).get_model_version("digits", "1")
    run = client(uri).get_run(version.run_id)
    assert run.data.metrics["int8/accuracy"] == 0.981
    names = {item.path for item in client(uri).list_artifacts(version.run_id, "version/evidence")}
    assert "version/evidence/assessment.dsse.json" in names


def test_a_version_that_does_not_verify_is_not_registered(signed, uri, tmp_path):
    folder = tmp_path / "digits" / "1.0.0"
    shutil.copytree(signed.version.folder, folder)
    (folder / "artifacts" / "digits-int8.tflite").write_bytes(b"other")
    with pytest.raises(RegisterError, match=r"digits-int8\.tflite"):
        register_version(folder / "manifest.yaml", trust=signed.trust, tracking_uri=uri, pins={})


def test_an_alias_names_what_is_deployed_and_not_what_could_be_gone_back_to(tmp_path, signed, uri):
    def pin(values):
        (deployment,) = values["deployments"] = values["deployments"][:1]
        deployment["sha256"] = "34" * 32
        deployment["previous"]["sha256"] = registered(signed, uri).sha256

    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(stack_text(pin))
    pins = stack_pins([file])
    assert pins == {"prod": {"34" * 32}}
    assert registered(signed, uri, **pins).aliases == ()


def test_what_is_pulled_is_inspected_first(uri, tmp_path):
    # This version's artifacts are not models, so that nothing is stored.
    with pytest.raises(InspectionError):
        pull("models:/digits/1", to=tmp_path / "pulled", tracking_uri=uri)
    assert not (tmp_path / "pulled").exists()


def test_an_alias_is_not_a_version_to_pull(uri, tmp_path):
    with pytest.raises(PullError, match="no version number"):
        pull("models:/digits/champion", to=tmp_path, tracking_uri=uri)


def test_a_version_that_is_not_there_is_an_error(uri, tmp_path):
    with pytest.raises(PullError, match="models:/digits/99"):
        pull("models:/digits/99", to=tmp_path, tracking_uri=uri)


@pytest.fixture
def onnx_file(tmp_path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(hostile.well_formed_onnx())
    return path


def test_a_file_is_pulled_under_its_digest(onnx_file, tmp_path):
    (found,) = pull(str(onnx_file), to=tmp_path / "pulled")
    assert found.path == tmp_path / "pulled" / f"{found.sha256[:16]}-model.onnx"
    assert found.path.read_bytes() == onnx_file.read_bytes()


def test_a_file_of_another_digest_is_refused(onnx_file, tmp_path):
    with pytest.raises(PullError, match="0" * 64):
        pull(str(onnx_file), to=tmp_path / "pulled", sha256="0" * 64)


def test_a_version_with_real_models_comes_back_with_its_digests(uri, tmp_path, onnx_file):
    registry = client(uri)
    run = registry.create_run(registry.get_experiment_by_name("mobile-ai").experiment_id)
    registry.log_artifact(run.info.run_id, str(onnx_file), "version")
    registry.create_registered_model("real")
    registry.create_model_version("real", f"{run.info.artifact_uri}/version", run.info.run_id)
    (found,) = pull("models:/real/1", to=tmp_path / "pulled", tracking_uri=uri)
    assert (found.format, found.ran) == ("onnx", True)


@pytest.mark.parametrize("source", ["https://example.com/x.onnx", "s3://bucket/x.onnx"])
def test_an_address_is_not_fetched(tmp_path, source):
    with pytest.raises(PullError, match="an address"):
        pull(source, to=tmp_path)
