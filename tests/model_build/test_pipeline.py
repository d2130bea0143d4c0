"""The whole pipeline on a reduced recipe, with the real converters and runtimes."""

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.model_build import convert, frozen, pipeline, train
from mobile_ai.model_build.data import build_rows, held_out_rows
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.evaluate import ArtifactFile
from mobile_ai.model_build.export import Exporter, file_logits
from mobile_ai.model_build.inspection import InspectionError
from mobile_ai.model_build.lock import locked
from mobile_ai.model_build.quantize_tflite import quantize_tflite
from mobile_ai.model_build.recipe import RECIPES, VariantSpec, load_recipe
from mobile_ai.model_build.results import Status
from mobile_ai.model_build.runtime import load
from mobile_ai.model_build.train_or_reuse import obtain

pytestmark = pytest.mark.build

KEPT = {"fp32", "int8", "int4", "int8-onnx"}


def reduced(folder, name):
    """Write a smaller copy of a recipe: fewer variants, epochs and rows."""
    values = read_yaml((RECIPES / name).read_text(), name=name)
    values["variants"] = [each for each in values["variants"] if each["name"] in KEPT]
    values["gates"] = [{"gate": "quality-loss", "limit": 5.0, "basis": "point"}]
    values["train"]["epochs"] = min(values["train"]["epochs"], 8)
    values["train"]["augment"] = "none"
    values["calibrationRows"] = 40
    values["evaluation"] |= {"importanceRows": 40, "corruptions": ["noise"]}
    for split in values["data"]["splits"]:
        if split["use"] == "evaluation":
            split["share"] = 0.06
    path = folder / name
    path.write_text(dump_yaml(values))
    return path


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Build two versions: a parent and its fine-tuned successor."""
    folder = tmp_path_factory.mktemp("build")
    recipes = [reduced(folder, name) for name in ("digits.yaml", "digits-1.1.0.yaml")]
    results = [
        pipeline.build(path, out=folder / path.stem, networks=folder / "networks")
        for path in recipes
    ]
    return folder, recipes, results


@pytest.fixture(scope="module")
def report(room):
    _, recipes, results = room
    return pipeline.evaluate(recipes[1], pipeline.files_of(results[1]))


def files(result):
    return {each.variant: each for each in result.variants}


def test_a_rebuild_from_nothing_gives_the_same_digests(room, tmp_path):
    _, recipes, results = room
    again = pipeline.build(recipes[0], out=tmp_path, networks=tmp_path / "networks")
    assert [each.sha256 for each in again.variants] == [each.sha256 for each in results[0].variants]


def test_every_chain_runs_from_the_training_rows_to_the_file_without_a_gap(room):
    _, recipes, results = room
    for path, result in zip(recipes, results, strict=True):
        rows = build_rows(load_recipe(path)).training.digest()
        for each in result.variants:
            links = each.transforms
            assert links[0].input_sha256 == rows
            assert links[-1].output_sha256 == each.sha256
            for before, after in itertools.pairwise(links):
                assert before.output_sha256 == after.input_sha256


def test_the_digest_of_a_variant_is_that_of_its_file(room):
    for result in room[2]:
        for each in result.variants:
            assert hashlib.sha256(each.file.read_bytes()).hexdigest() == each.sha256


def test_no_held_out_image_is_among_the_rows_that_either_version_learned_from(room):
    for path in room[1]:
        recipe = load_recipe(path)
        learned = {image.tobytes() for image in build_rows(recipe).training.inputs["image"]}
        unseen = held_out_rows(recipe).rows.inputs["image"]
        assert not any(image.tobytes() in learned for image in unseen)


def test_the_fine_tune_learns_only_from_images_its_parent_has_not_seen(room):
    first, second = (build_rows(load_recipe(path)).training for path in room[1])
    seen = {image.tobytes() for image in first.inputs["image"]}
    assert len(second) >= 500
    assert not any(image.tobytes() in seen for image in second.inputs["image"])


def test_the_fine_tune_names_its_parents_fp32_file(room):
    _, _, (parent, child) = room
    assert child.parent is not None
    assert child.parent.sha256 == files(parent)["fp32"].sha256


@pytest.mark.parametrize("variant", ["int8", "int4"])
def test_a_fine_tuned_file_is_its_parents_with_other_integers(room, variant):
    before, after = (files(result)[variant].file.read_bytes() for result in room[2])
    assert len(before) == len(after)
    changed = np.mean(np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8))
    assert 0 < changed < 0.6


def test_requantising_a_model_on_its_own_scales_changes_no_weight_by_more_than_a_step(room):
    parent = files(room[2][0])
    same = frozen.rescale_tflite(parent["fp32"].file.read_bytes(), parent["int8"].file.read_bytes())
    before = np.frombuffer(parent["int8"].file.read_bytes(), np.int8).astype(int)
    assert np.mean(np.frombuffer(same, np.int8) != before) < 0.001


def test_another_network_cannot_take_a_parents_scales(room):
    parent = files(room[2][0])
    stranger = parent["fp32"].file.read_bytes().replace(b"arith.constant1", b"arith.konstant1")
    with pytest.raises(ModelBuildError, match="in the fine-tuned model"):
        frozen.rescale_tflite(stranger, parent["int8"].file.read_bytes())


def test_int8_is_a_byte_a_weight_and_little_else(room):
    result = room[2][0]
    assert files(result)["int8"].bytes <= result.parameters * 1.05 + 12_000


@pytest.mark.accept
def test_two_bit_weights_that_were_trained_for_their_grid_keep_the_quality(room):
    folder, recipes, _ = room
    trained = obtain(recipes[0], cache=folder / "networks")
    exporter, rows = Exporter(trained), held_out_rows(trained.recipe).rows
    two_bits = {"quantize": "dynamic-int8", "layers": [{"operation": "dense", "bits": 2}]}
    right = {}
    for how in ("none", "low-bit"):
        spec = VariantSpec.model_validate({"name": "small", "adapt": how, **two_bits})
        content, chain = exporter.make(spec)
        found = file_logits(content, "tflite", rows.inputs).argmax(axis=1)
        right[how] = float(np.mean(found == rows.labels))
        assert chain[-1].parameters["layers"] == "dense: 2-bit min-max by channel"
    assert right["low-bit"] > right["none"] + 0.03


def test_every_variant_takes_and_gives_the_same(room):
    for each in room[2][0].variants:
        assert [(i.name, i.dtype, i.shape[1:], i.modality) for i in each.inputs] == [
            ("image", "FP32", (28, 28, 1), "vision")
        ]
        assert [(o.name, o.dtype) for o in each.outputs] == [("logits", "FP32")]


def test_the_evaluation_names_the_bytes_it_scored(room, report):
    found = {each.variant: each.sha256 for each in report.artifacts}
    assert found == {name: each.sha256 for name, each in files(room[2][1]).items()}
    assert report.held_out.rows == 600


def test_every_number_of_the_evaluation_is_there(report):
    for each in report.artifacts:
        assert each.measured
        assert each.quality is not None
        assert each.quality.low <= each.quality.value <= each.quality.high
        assert each.profile is not None
        assert each.profile.macs == 443_600
        assert each.profile.peak_memory_bytes is not None
        assert {group.group for group in each.groups} == {str(digit) for digit in range(10)}
        assert each.importance
        assert each.robustness[0].loss_pt is not None


def test_a_device_that_repeats_the_self_test_gets_what_was_expected(room, report):
    for scored, made in zip(report.artifacts, room[2][1].variants, strict=True):
        runner = load(made.file, made.format)
        for test in scored.self_tests:
            inputs = {
                name: np.array(values, dtype=np.float32).reshape(test.shapes[name])
                for name, values in test.inputs.items()
            }
            found = runner.once(inputs)[0].reshape(-1)
            assert np.abs(found - np.array(test.expected)).max() <= test.tolerance


def test_a_file_that_answers_badly_fails_its_gate(room, tmp_path):
    """An int8 file with the weights of an untrained network fails."""
    _, recipes, results = room
    made = files(results[0])
    rows = build_rows(load_recipe(recipes[0])).training
    untrained = train.new_network("depthwise-cnn", rows, classes=10, seed=99)
    noise = np.random.default_rng(1)
    # No bias may be zero: a converter stores equal constants once, under other names.
    untrained.set_weights([w + noise.normal(0, 0.1, w.shape) for w in untrained.get_weights()])
    broken = tmp_path / "int8.tflite"
    broken.write_bytes(
        frozen.rescale_tflite(convert.to_tflite(untrained), made["int8"].file.read_bytes())
    )
    found = pipeline.evaluate(
        recipes[0],
        (
            ArtifactFile(variant="fp32", format="tflite", path=made["fp32"].file),
            ArtifactFile(variant="int8", format="tflite", path=broken),
        ),
    )
    by_variant = {gate.variant: gate.status for gate in found.gates}
    assert by_variant == {"int8": Status.FAIL}
    assert not found.passed


def test_a_damaged_file_is_refused_before_a_runtime_loads_it(room, tmp_path):
    _, recipes, results = room
    damaged = tmp_path / "fp32.tflite"
    damaged.write_bytes(files(results[0])["fp32"].file.read_bytes()[:5000])
    alone = (ArtifactFile(variant="fp32", format="tflite", path=damaged),)
    with pytest.raises(InspectionError):
        pipeline.evaluate(recipes[0], alone)


def test_an_evaluation_without_its_reference_is_refused(room):
    _, recipes, results = room
    alone = tuple(each for each in pipeline.files_of(results[0]) if each.variant != "fp32")
    with pytest.raises(ModelBuildError, match="reference fp32"):
        pipeline.evaluate(recipes[0], alone)


def test_an_int8_file_that_harms_one_group_is_rejected_though_fp32_passes(room, tmp_path):
    """Constructed: int8 calibration on values that are far too small, so that inputs saturate."""
    folder, _, _ = room
    values = read_yaml((RECIPES / "offer.yaml").read_text(), name="offer.yaml")
    values["train"]["epochs"] = 2
    values["variants"] = [{"name": "fp32"}, {"name": "int8", "quantize": "static-int8"}]
    for split, share in zip(values["data"]["splits"], (0.15, 0.2), strict=True):
        split["share"] = share
    rule = {"gate": "fairness-regression", "attribute": "sex", "limit": 1.0}
    level = {"gate": "fairness", "attribute": "sex", "metric": "equalized-odds-difference"}
    values["gates"] = [rule, level | {"limit": 0.3, "variants": ["fp32"]}]
    recipe = tmp_path / "offer.yaml"
    recipe.write_text(dump_yaml(values))
    made = files(pipeline.build(recipe, out=tmp_path, networks=folder / "networks"))
    rows = build_rows(load_recipe(recipe)).training.inputs["profile"][:50]
    harmed = quantize_tflite(
        made["fp32"].file.read_bytes(), "static-int8", calibration={"profile": rows * 0.05}
    )
    made["int8"].file.write_bytes(harmed)
    found = pipeline.evaluate(
        recipe,
        tuple(
            ArtifactFile(variant=name, format="tflite", path=each.file)
            for name, each in made.items()
        ),
    )
    verdicts = {(gate.gate.split("/")[0], gate.variant): gate.status for gate in found.gates}
    assert verdicts == {
        ("fairness-regression", "int8"): Status.FAIL,
        ("fairness", "fp32"): Status.PASS,
    }


def imported(folder: Path, **source):
    values = read_yaml((RECIPES / "face-detector.yaml").read_text(), name="face-detector.yaml")
    values["source"] = {"probe": "generated", "probeRows": 8, **source}
    path = folder / "brought.yaml"
    path.write_text(dump_yaml(values))
    return path


def test_a_third_party_mobile_model_is_brought_in_optimised_and_compared(tmp_path):
    path = imported(tmp_path, kind="locked", name="blazeface")
    result = pipeline.build(path, out=tmp_path)
    report = pipeline.evaluate(path, pipeline.files_of(result))
    scored = {each.variant: each for each in report.artifacts}
    assert scored["fp32"].parity.max_abs_error < 1e-3
    assert scored["dynamic-int8"].bytes < 0.5 * scored["fp32"].bytes
    assert scored["dynamic-int8"].quality is None
    assert result.variants[0].sha256 == scored["original"].sha256
    assert locked("blazeface").wheel not in {each.file.name for each in result.variants}


def test_a_brought_file_with_another_digest_than_the_recipes_is_refused(room, tmp_path):
    file = files(room[2][0])["fp32"].file
    path = imported(tmp_path, kind="file", path=str(file), sha256="0" * 64)
    with pytest.raises(ModelBuildError, match="expected sha256 0000"):
        pipeline.build(path, out=tmp_path)


def test_a_pickle_is_no_model(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"\x80\x04N.")
    with pytest.raises(ModelBuildError):
        pipeline.build(imported(tmp_path, kind="file", path="model.tflite"), out=tmp_path)
