"""Multiply-accumulates are those counted by hand, or unknown; never a part of them."""

from __future__ import annotations

import numpy as np
import pytest

from mobile_ai.model_build.errors import need
from mobile_ai.model_build.macs import _layer_macs, onnx_macs

pytestmark = pytest.mark.build

onnx = need("onnx")
helper, F, U8, I8 = onnx.helper, 1, 2, 3


def model(tmp_path, nodes, inputs, outputs, *, weights=(), opsets=(("", 21),), initial=()):
    def value(name, kind, shape):
        return helper.make_tensor_value_info(name, kind, shape)

    stored = [
        onnx.numpy_helper.from_array(np.zeros(shape, dtype), name) for name, dtype, shape in weights
    ]
    graph = helper.make_graph(
        [helper.make_node(*node[:3], **node[3]) for node in nodes],
        "graph",
        [value(*item) for item in inputs],
        [value(*item) for item in outputs],
        [*stored, *initial],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid(*o) for o in opsets])
    path = tmp_path / "model.onnx"
    onnx.save(made, path)
    return path


def test_a_dynamically_quantised_dense_layer_counts_its_integer_product(tmp_path):
    nodes = [
        ("DynamicQuantizeLinear", ["x"], ["q", "s", "z"], {}),
        ("MatMulInteger", ["q", "w", "z"], ["y"], {}),
    ]
    path = model(
        tmp_path, nodes, [("x", F, ["batch", 784])], [("y", 6, ["batch", 128])],
        weights=[("w", np.int8, (784, 128))],
    )  # fmt: skip
    assert onnx_macs(path) == {"int8": 784 * 128}


def test_an_integer_convolution_counts_every_place_of_its_output(tmp_path):
    node = ("ConvInteger", ["x", "w"], ["y"], {"strides": [2, 2]})
    path = model(
        tmp_path, [node], [("x", U8, [1, 3, 33, 33])], [("y", 6, None)],
        weights=[("w", np.int8, (16, 3, 3, 3))],
    )  # fmt: skip
    # (33 - 3) / 2 + 1 = 16 places each way, 16 channels, 3 x 3 x 3 weights each.
    assert onnx_macs(path) == {"int8": 16 * 16 * 16 * 27}


def test_a_quantised_convolution_and_product_have_their_weights_at_the_fourth_input(tmp_path):
    scales = [("s", np.float32, ()), ("z", np.uint8, ())]
    nodes = [
        ("QLinearConv", ["x", "s", "z", "k", "s", "z", "s", "z"], ["c"], {"group": 8}),
        ("Reshape", ["c", "to"], ["r"], {}),
        ("QLinearMatMul", ["r", "s", "z", "w", "s", "z", "s", "z"], ["y"], {}),
    ]
    to = onnx.numpy_helper.from_array(np.array([1, -1]), "to")
    path = model(
        tmp_path, nodes, [("x", U8, [1, 8, 10, 10])], [("y", U8, None)],
        weights=[("k", np.uint8, (8, 1, 3, 3)), ("w", np.uint8, (512, 4)), *scales],
        initial=[to],
    )  # fmt: skip
    assert onnx_macs(path) == {"int8": 8 * 8 * 8 * 9 + 512 * 4}


def test_free_sizes_are_those_of_the_sample_and_without_one_unknown(tmp_path):
    node = ("Conv", ["x", "w"], ["y"], {})
    path = model(
        tmp_path, [node], [("x", F, ["n", 3, "height", "width"])], [("y", F, None)],
        weights=[("w", np.float32, (4, 3, 1, 1))],
    )  # fmt: skip
    assert onnx_macs(path) is None
    sample = {"x": np.zeros((1, 3, 20, 30), np.float32)}
    assert onnx_macs(path, sample) == {"fp32": 4 * 20 * 30 * 3}


def test_half_precision_and_products_of_activations_are_counted(tmp_path):
    nodes = [
        ("MatMul", ["x", "w"], ["k"], {}),
        ("Transpose", ["k"], ["t"], {"perm": [0, 2, 1]}),
        ("MatMul", ["k", "t"], ["y"], {}),
    ]
    path = model(
        tmp_path, nodes, [("x", 10, ["n", 6, 8])], [("y", 10, None)],
        weights=[("w", np.float16, (8, 5))],
    )  # fmt: skip
    assert sum(onnx_macs(path).values()) == 6 * 8 * 5 + 6 * 5 * 6


def test_a_transposed_convolution_counts_its_input_values(tmp_path):
    node = ("ConvTranspose", ["x", "w"], ["y"], {"strides": [2, 2]})
    path = model(
        tmp_path, [node], [("x", F, [1, 4, 5, 5])], [("y", F, None)],
        weights=[("w", np.float32, (4, 2, 2, 2))],
    )  # fmt: skip
    assert onnx_macs(path) == {"fp32": 4 * 5 * 5 * 2 * 2 * 2}


@pytest.mark.parametrize(
    "node",
    [
        ("LSTM", ["x", "w", "r"], ["y"], {"hidden_size": 2}),
        ("Attention", ["x", "w"], ["y"], {"domain": "com.microsoft", "num_heads": 1}),
        ("TreeEnsembleClassifier", ["x"], ["y", "p"], {"domain": "ai.onnx.ml"}),
    ],
    ids=lambda node: node[0],
)
def test_a_graph_with_work_that_is_not_counted_has_no_count(tmp_path, node):
    opsets = (("", 21), ("com.microsoft", 1), ("ai.onnx.ml", 3))
    path = model(
        tmp_path, [node], [("x", F, [1, 1, 4])], [("y", F, None)], opsets=opsets,
        weights=[("w", np.float32, (1, 8, 4)), ("r", np.float32, (1, 8, 2))],
    )  # fmt: skip
    assert onnx_macs(path) is None


def test_layers_of_tflite_by_hand_and_free_sizes():
    dense, batch_dot, transposed = 9, 126, 67
    assert _layer_macs(dense, [[1, 64], [10, 64]], [1, 10]) == 640
    assert _layer_macs(batch_dot, [[3, 2, 5], [3, 5, 7]], [3, 2, 7]) == 3 * 2 * 5 * 7
    assert _layer_macs(batch_dot, [[3, 2, 5], [7, 5]], [3, 2, 7]) == 3 * 2 * 5 * 7
    assert _layer_macs(transposed, [[4], [2, 3, 3, 4], [1, 5, 5, 4]], [1, 10, 10, 2]) == (
        5 * 5 * 4 * 2 * 3 * 3
    )
    assert _layer_macs(dense, [[1, 64], [10, 64]], [-1, 10]) == 0
