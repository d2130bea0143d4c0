"""Conversion steps: canonical ONNX, the parent's scales, MAC counts."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.model_build.canonical_onnx import canonical
from mobile_ai.model_build.convert import _fixed_identifiers
from mobile_ai.model_build.errors import ModelBuildError, RecipeError, need
from mobile_ai.model_build.frozen import _integers, _packed, rescale_onnx
from mobile_ai.model_build.macs import onnx_macs
from mobile_ai.model_build.quantize_onnx import quantize_onnx
from mobile_ai.model_build.runtime import load

pytestmark = pytest.mark.build

WEIGHTS = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
BIAS = np.array([0.1, -0.2, 0.3], dtype=np.float32)
_INT4, _INT32 = 17, 2


def network(prefix="", order=(0, 1, 2), weights=WEIGHTS):
    """Return relu(x @ W + b) as ONNX, with the given names and node order."""
    helper, numpy_helper = need("onnx.helper"), need("onnx.numpy_helper")
    kind = need("onnx").TensorProto.FLOAT
    nodes = [
        helper.make_node("MatMul", ["x", f"{prefix}w"], [f"{prefix}a"], name=f"{prefix}n1"),
        helper.make_node("Add", [f"{prefix}a", f"{prefix}b"], [f"{prefix}c"]),
        helper.make_node("Relu", [f"{prefix}c"], ["logits"]),
    ]
    tensors = [
        numpy_helper.from_array(weights, f"{prefix}w"),
        numpy_helper.from_array(BIAS, f"{prefix}b"),
    ]
    graph = helper.make_graph(
        [nodes[number] for number in order],
        f"{prefix}graph",
        [helper.make_tensor_value_info("x", kind, ["some_number__7", 4])],
        [helper.make_tensor_value_info("logits", kind, ["some_number__9", 3])],
        tensors[::-1] if prefix else tensors,
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def content(model):
    return model.SerializeToString(deterministic=True)


def test_names_and_order_that_mean_nothing_do_not_reach_the_file():
    assert content(canonical(network())) == content(canonical(network("odd__77_", (2, 0, 1))))


def test_another_weight_does():
    other = network(weights=WEIGHTS + 1)
    assert content(canonical(network())) != content(canonical(other))


def test_a_canonical_graph_computes_what_it_did(tmp_path):
    rows = np.random.default_rng(1).random((5, 4)).astype(np.float32)
    (tmp_path / "a.onnx").write_bytes(content(network()))
    (tmp_path / "b.onnx").write_bytes(content(canonical(network("q", (1, 2, 0)))))
    before, after = (load(tmp_path / f, "onnx").many({"x": rows})[0] for f in ("a.onnx", "b.onnx"))
    assert np.array_equal(before, after)


def test_macs_of_a_dense_layer_are_its_inputs_times_its_outputs(tmp_path):
    (tmp_path / "a.onnx").write_bytes(content(canonical(network())))
    assert onnx_macs(tmp_path / "a.onnx") == {"fp32": 12}


def calibration():
    return {"x": np.random.default_rng(2).random((20, 4)).astype(np.float32)}


def test_quantising_twice_gives_the_same_bytes():
    model = content(canonical(network()))
    once, again = (quantize_onnx(model, "static-int8", calibration=calibration()) for _ in range(2))
    assert once == again


def test_a_scheme_that_onnx_does_not_have_is_refused():
    with pytest.raises(RecipeError, match="int4"):
        quantize_onnx(content(network()), "int4", calibration={})


def test_weights_on_their_own_scales_give_the_same_quantised_file():
    model = content(canonical(network()))
    parent = quantize_onnx(model, "static-int8", calibration=calibration())
    assert rescale_onnx(model, parent) == parent


def test_a_small_change_of_one_weight_changes_few_bytes():
    moved = WEIGHTS.copy()
    moved[0, 0] *= 0.9
    model = content(canonical(network()))
    parent = quantize_onnx(model, "static-int8", calibration=calibration())
    child = rescale_onnx(content(canonical(network(weights=moved))), parent)
    assert len(child) == len(parent)
    assert 1 <= sum(a != b for a, b in zip(child, parent, strict=True)) <= 2


def test_a_model_with_other_tensors_cannot_take_the_scales():
    parent = quantize_onnx(content(canonical(network())), "static-int8", calibration=calibration())
    with pytest.raises(ModelBuildError, match="tensor"):
        rescale_onnx(content(network("other")), parent)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=40))
def test_a_weight_is_off_by_half_a_step_at_most_unless_it_is_clipped(values):
    weights = np.array(values, dtype=np.float32)
    scale = np.array([0.01])
    found = _integers(weights, scale, 0, 127)
    assert np.abs(found).max() <= 127
    inside = np.abs(weights) <= 1.27
    assert np.all(np.abs(found * 0.01 - weights)[inside] <= 0.005 + 1e-6)


@given(st.lists(st.integers(-7, 7), min_size=1, max_size=31))
def test_four_bit_weights_are_packed_two_to_a_byte_low_half_first(values):
    packed = _packed(np.array(values), _INT4)
    halves = np.stack([packed & 0xF, packed >> 4], axis=1).reshape(-1)[: len(values)]
    assert (((halves.astype(int) + 8) % 16) - 8).tolist() == values


def test_biases_are_little_endian_words():
    assert _packed(np.array([1, -1]), _INT32).tolist() == [1, 0, 0, 0, 255, 255, 255, 255]


def core_ml_manifest(*identifiers):
    paths = ("com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights")
    entries = dict(zip(identifiers, ({"path": path} for path in paths), strict=True))
    return json.dumps({"itemInfoEntries": entries, "rootModelIdentifier": identifiers[0]}).encode()


def test_random_identifiers_of_a_core_ml_package_do_not_reach_the_file():
    once, again = core_ml_manifest("A1", "B2"), core_ml_manifest("X9", "C3")
    assert _fixed_identifiers(once) == _fixed_identifiers(again)
    fixed = json.loads(_fixed_identifiers(once))
    root = fixed["itemInfoEntries"][fixed["rootModelIdentifier"]]
    assert root["path"].endswith("model.mlmodel")
