"""Bits, algorithm and granularity by layer, and graphs that onnxruntime quantises only prepared."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from pydantic import ValidationError

from mobile_ai.model_build.convert import to_tflite
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.export import file_logits
from mobile_ai.model_build.keras_env import keras, make_deterministic
from mobile_ai.model_build.quantize_onnx import quantize_onnx
from mobile_ai.model_build.quantize_spec import LayerSpec
from mobile_ai.model_build.quantize_tflite import quantize_tflite
from mobile_ai.model_build.recipe import VariantSpec

pytestmark = [pytest.mark.build, pytest.mark.slow]

ROWS = {"image": np.random.default_rng(7).random((24, 8, 8, 1)).astype(np.float32)}


@pytest.fixture(scope="module")
def float_file():
    make_deterministic(7)
    layers = keras().layers
    inputs = keras().Input((8, 8, 1), name="image")
    flat = layers.Flatten()(layers.Conv2D(16, 3, activation="relu")(inputs))
    model = keras().Model(inputs, layers.Dense(10)(layers.Dense(64, activation="relu")(flat)))
    return to_tflite(model)


def layer(**values):
    return LayerSpec.model_validate({"operation": "dense", "bits": 4} | values)


def made(float_file, *layers, scheme="dynamic-int8"):
    return quantize_tflite(float_file, scheme, calibration=ROWS, layers=layers)


def error(float_file, content):
    base, found = (file_logits(each, "tflite", ROWS) for each in (float_file, content))
    return float(np.sqrt(np.mean((base - found) ** 2)))


def test_fewer_bits_are_a_smaller_file_and_a_larger_error(float_file):
    files = [made(float_file, layer(bits=bits)) for bits in (8, 4, 2)]
    assert sorted(map(len, files), reverse=True) == [len(each) for each in files]
    errors = [error(float_file, each) for each in files]
    assert errors == sorted(errors)


@pytest.mark.parametrize("algorithm", ["octav", "mse", "gptq"])
def test_an_algorithm_changes_the_weights_and_is_repeatable(float_file, algorithm):
    first = made(float_file, layer(algorithm=algorithm))
    assert first == made(float_file, layer(algorithm=algorithm))
    assert first != made(float_file, layer())
    assert error(float_file, first) < 2 * error(float_file, made(float_file, layer()))


def test_blocks_of_weights_have_scales_of_their_own(float_file):
    blocks = made(float_file, layer(granularity="block-32"))
    assert len(blocks) > len(made(float_file, layer()))
    assert error(float_file, blocks) < 2 * error(float_file, made(float_file, layer()))


def test_layers_that_are_kept_in_float_make_a_larger_file(float_file):
    kept = made(float_file, layer(bits=None))
    assert len(kept) > 2 * len(made(float_file))


@pytest.mark.parametrize("scheme", ["static-int8", "static-int16", "weight-int8"])
def test_layers_apply_to_every_scheme(float_file, scheme):
    plain = made(float_file, scheme=scheme)
    small = made(float_file, layer(operation="conv", bits=8), layer(), scheme=scheme)
    assert len(small) < len(plain)


def test_what_the_quantizer_does_not_offer_is_an_error_of_the_recipe(float_file):
    with pytest.raises(RecipeError, match="change `layers`"):
        made(float_file, layer(operation="conv", algorithm="gptq"))


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "onnx", "quantize": "static-int8", "layers": [{"bits": 4}]},
        {"quantize": "fp16", "layers": [{"bits": 4}]},
        {"quantize": "dynamic-int8", "layers": [{"bits": 3}]},
        {"quantize": "dynamic-int8", "layers": [{"bits": 4, "match": "("}]},
        {"quantize": "dynamic-int8", "adapt": "low-bit"},
        {"quantize": "dynamic-int8", "sparsity": 0.7},
        {"quantize": "static-int8", "calibrationMethod": "percentile"},
    ],
)
def test_settings_without_an_effect_are_refused(fields):
    with pytest.raises(ValidationError):
        VariantSpec.model_validate({"name": "x", **fields})


def old_graph(*, opset=11, batch="N"):
    """Return a convolution with a symbolic batch in an operator set before scales by channel."""
    weights = np.random.default_rng(7).normal(size=(4, 1, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["y"], name="conv")]
    graph = helper.make_graph(
        nodes,
        "old",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 4, 6, 6])],
        [
            helper.make_tensor("w", TensorProto.FLOAT, weights.shape, weights.ravel()),
            helper.make_tensor("b", TensorProto.FLOAT, (4,), [0.1, -0.1, 5.0, 0.0]),
        ],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=7).SerializeToString()


@pytest.mark.parametrize("scheme", ["static-int8", "dynamic-int8"])
@pytest.mark.parametrize("opset", [10, 11, 17])
def test_older_graphs_with_symbolic_sizes_and_biases_are_quantised(scheme, opset):
    rows = {"x": np.random.default_rng(1).normal(size=(8, 1, 8, 8)).astype(np.float32)}
    content = old_graph(opset=opset)
    found = quantize_onnx(content, scheme, calibration=rows)
    onnx.checker.check_model(onnx.load_from_string(found))
    base, now = (file_logits(each, "onnx", rows) for each in (content, found))
    assert np.abs(base - now).max() < 0.2 * np.abs(base).max()


def test_inputs_without_rows_are_calibrated_as_they_are():
    """A recurrent state and a scalar: one mapping for each inference instead of rows."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("ReduceSum", ["state"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "gain"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    shapes = {"x": [1, 4], "state": [2, 1, 3], "gain": []}
    weights = np.eye(4, dtype=np.float32)
    graph = helper.make_graph(
        nodes,
        "recurrent",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor("w", TensorProto.FLOAT, (4, 4), weights.ravel())],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    generator = np.random.default_rng(7)
    samples = [
        {
            name: np.asarray(generator.normal(size=shape), dtype=np.float32)
            for name, shape in shapes.items()
        }
        for _ in range(8)
    ]
    made_of_it = quantize_onnx(model, "static-int8", calibration=samples)
    assert b"QuantizeLinear" in made_of_it


def test_a_calibration_method_changes_the_ranges():
    rows = {"x": np.random.default_rng(1).normal(size=(32, 1, 8, 8)).astype(np.float32)}
    rows["x"][0, 0, 0, 0] = 500.0  # an outlier, which the smallest and largest value include
    plain, other = (
        quantize_onnx(old_graph(), "static-int8", calibration=rows, method=each)
        for each in ("min-max", "percentile")
    )
    assert plain != other
