"""Models with several outputs, from the imported file to the device that runs it."""

import json
import shutil

import numpy as np
import pytest
from onnx import TensorProto, helper

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.delivery.client import update
from mobile_ai.delivery.client.selftest import run_apart
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.targets import self_test_targets
from mobile_ai.delivery.repository.versions import ModelVersionFiles, read_version_files
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.evaluate_parity import output_parity
from mobile_ai.model_build.verify import verify_version
from mobile_ai.stack.records import RecordError, load_model
from tests.delivery.world import Cdn, World, deployment, device, model_pin
from tests.model_build.brought import bring_in, onnx_bytes, recipe_for, two_output_onnx

pytestmark = pytest.mark.build


def two_output_tflite():
    """Return a model with two inputs, `a` and `b`, and two outputs."""
    tf = pytest.importorskip("tensorflow")

    class Two(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([1, 4], tf.float32, name="b"),
                tf.TensorSpec([1, 4], tf.float32, name="a"),
            ]
        )
        def __call__(self, b, a):
            return {"boxes": tf.concat([a * 30.0, b * 7.0], 1), "score": tf.reduce_sum(a - b, 1)}

    module = Two()
    function = module.__call__.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    return converter.convert()


@pytest.fixture(scope="module", params=["onnx", "tflite"])
def brought(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    content = two_output_onnx() if request.param == "onnx" else two_output_tflite()
    recipe = recipe_for(folder, content, request.param)
    world = World(folder)
    return world, bring_in(recipe, folder, models=world.models)


def self_test(signed):
    return json.loads((signed.version.folder / "artifacts/selftest.json").read_text())


def test_a_device_installs_a_model_with_two_outputs_after_its_self_test(brought):
    world, signed = brought
    manifest = signed.version.folder / "manifest.yaml"
    assert verify_version(manifest, trust=signed.trust).findings == ()
    pin = model_pin("brought", "1.0.0", signed.version.sha256)
    world.versions[pin.sha256] = read_version_files(
        manifest, pin=pin.sha256, trust=signed.trust, released=False
    )
    place = {"target": "on-device", "variant": "original", "deviceClass": "entry"}
    world.publish(deployment(pin, model="brought", salt="camera-brought", placement=(place,)))
    cdn = Cdn(world.bucket)
    try:
        phone = device(world, cdn.url, model="brought")
        outcome = update(phone, run=run_apart)
    finally:
        cdn.close()
    assert (outcome.word, outcome.version) == ("installed", "1.0.0"), outcome.reason


def test_every_output_is_recorded_one_after_another(brought):
    _, signed = brought
    sizes = [int(np.prod(item.shape)) for item in signed.version.manifest.io.outputs]
    assert len(sizes) == 2
    answers = self_test(signed)["variants"]["original"]
    assert [len(item["expected"]) for item in answers] == [sum(sizes)] * len(answers)


def test_the_gate_takes_what_the_build_recorded(brought):
    world, signed = brought
    path = "models/brought/1.0.0/manifest.yaml"
    found = load_model(world.folder, path, sha256=signed.version.sha256, key="models[0]")
    assert found.manifest == signed.version.manifest


def first_output_only(signed, models):
    """Write the version with self-tests of its first output only; return manifest and pin."""
    folder = models / "brought/1.0.0"
    shutil.copytree(signed.version.folder, folder)
    content = self_test(signed)
    for item in content["variants"]["original"]:
        item["expected"] = item["expected"][:-1]
    path = folder / "artifacts/selftest.json"
    path.write_text(json.dumps(content))
    manifest = folder / "manifest.yaml"
    values = read_yaml(manifest.read_text(), name="manifest")
    values["selfTest"]["digest"] = sha256_bytes(path.read_bytes())
    manifest.write_text(dump_yaml(values))
    return manifest, sha256_bytes(manifest.read_bytes())


def test_answers_that_leave_out_an_output_pass_neither_gate_nor_verify_nor_release(
    brought, tmp_path
):
    _, signed = brought
    manifest, pin = first_output_only(signed, tmp_path / "models")
    with pytest.raises(RecordError, match="every output"):
        load_model(tmp_path, "models/brought/1.0.0/manifest.yaml", sha256=pin, key="models[0]")
    findings = verify_version(manifest, trust=signed.trust).findings
    assert "every output" in "; ".join(item.problem for item in findings)
    typed, _ = read_manifest(manifest.read_text(), name="manifest")
    version = ModelVersionFiles(
        folder=manifest.parent,
        model=VerifiedModel(sha256=pin, digest=pin, manifest=typed, statements={}),
    )
    with pytest.raises(ReleaseError, match="every output"):
        self_test_targets(version, ["original"])


def test_a_self_test_with_another_digest_than_the_manifests_passes_no_gate(brought, tmp_path):
    _, signed = brought
    folder = tmp_path / "models/brought/1.0.0"
    shutil.copytree(signed.version.folder, folder)
    (folder / "artifacts/selftest.json").write_text("{}")
    path = "models/brought/1.0.0/manifest.yaml"
    with pytest.raises(RecordError, match=r"selftest\.json with SHA-256"):
        load_model(tmp_path, path, sha256=signed.version.sha256, key="models[0]")


def test_outputs_whose_sizes_change_from_sample_to_sample_are_not_compared():
    outputs = [[np.zeros((2, 4))], [np.zeros((3, 4))]]
    with pytest.raises(ModelBuildError, match=r"got 8 and 12 numbers"):
        output_parity(outputs, outputs)


def one_output_onnx(size):
    """Return a model that computes the sum of a number of inputs."""
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", ["x"], ["sum"])],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, size])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 1])],
    )
    return onnx_bytes(graph)


def test_a_build_keeps_as_many_cases_as_a_device_fetches(tmp_path):
    recipe = recipe_for(tmp_path, one_output_onnx(150_000), "onnx")  # 800 kB per case
    signed = bring_in(recipe, tmp_path, models=tmp_path / "models")
    manifest = signed.version.folder / "manifest.yaml"
    assert verify_version(manifest, trust=signed.trust).findings == ()
    content = self_test(signed)
    assert [len(content["cases"]), len(content["variants"]["original"])] == [2, 2]


def test_inputs_that_no_device_fetches_are_refused_at_build(tmp_path):
    recipe = recipe_for(tmp_path, one_output_onnx(600_000), "onnx")
    with pytest.raises(ModelBuildError, match=r"expected at most .* smaller inputs"):
        bring_in(recipe, tmp_path, models=tmp_path / "models")
    assert not (tmp_path / "models").exists()
