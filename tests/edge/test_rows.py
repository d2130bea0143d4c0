"""Rows of different clients share a call only where every operator keeps them independent."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mobile_ai.edge.rows import keeps_rows_apart
from mobile_ai.edge.runtime import OnnxModel
from mobile_ai.edge.serving import ModelIdentity

ROOT = Path(__file__).parents[2]
F, I = TensorProto.FLOAT, TensorProto.INT64  # noqa: E741
Array = Any


def model(
    nodes: Sequence[Any],
    weights: dict[str, Array] | None = None,
    *,
    shape: Sequence[Any] = ("batch", 4),
    out: Sequence[Any] = ("batch", None),
    datatype: int = F,
    out_type: int = F,
    opset: int = 17,
    more: Sequence[Any] = (),
) -> bytes:
    """A model of input `x` and output `y`."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", datatype, list(shape)), *more],
        [helper.make_tensor_value_info("y", out_type, list(out))],
        [
            numpy_helper.from_array(np.asarray(value), name)
            for name, value in (weights or {}).items()
        ],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return bytes(made.SerializeToString())


def node(kind: str, *inputs: str, out: str = "y", **attributes: Any) -> Any:
    return helper.make_node(kind, list(inputs), [out], **attributes)


W = np.ones((4, 3), np.float32)
B = np.ones(3, np.float32)
APART = {
    "network": model(
        [node("MatMul", "x", "w", out="h"), node("Add", "h", "b", out="s"), node("Softmax", "s")],
        {"w": W, "b": B},
    ),
    "Gemm": model([node("Gemm", "x", "w", "b")], {"w": W, "b": B}),
    "mean over columns": model([node("ReduceMean", "x", axes=[1])]),
    "argmax over columns": model([node("ArgMax", "x", axis=1)], out_type=I),
    "reshape that keeps the batch": model(
        [node("Reshape", "x", "s")], {"s": np.array([-1, 2, 2])}, out=("batch", 2, 2)
    ),
    "embedding": model(
        [node("Gather", "w", "x")], {"w": W}, datatype=I, shape=("batch", 2), out=("batch", 2, 3)
    ),
    "quantised statically": model(
        [node("QuantizeLinear", "x", "s", "z", out="q"), node("DequantizeLinear", "q", "s", "z")],
        {"s": np.float32(0.1), "z": np.int8(0)},
    ),
    "convolution": model(
        [node("Conv", "x", "k")],
        {"k": np.ones((1, 3, 2, 2), np.float32)},
        shape=("batch", 3, 4, 4),
        out=("batch", 1, 3, 3),
    ),
    "slice of columns": model(
        [node("Slice", "x", "a", "b", "c")],
        {"a": np.array([0]), "b": np.array([2]), "c": np.array([1])},
    ),
}
MIXED = {
    "quantised dynamically": model(
        [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
            node("DequantizeLinear", "q", "s", "z"),
        ]
    ),
    "mean over the batch": model(
        [node("ReduceMean", "x", axes=[0], keepdims=1, out="m"), node("Sub", "x", "m")]
    ),
    "mean over all": model([node("ReduceMean", "x", out="m"), node("Sub", "x", "m")]),
    "softmax over the batch": model([node("Softmax", "x", axis=0)]),
    "softmax over the batch, counted from the end": model([node("Softmax", "x", axis=-2)]),
    "sorted across the batch": model(
        [helper.make_node("TopK", ["x", "k"], ["y", "i"], axis=0)], {"k": np.array([1])}
    ),
    "running sum": model([node("CumSum", "x", "a")], {"a": np.array(0)}),
    "first row for all": model(
        [node("Gather", "x", "i", axis=0, out="f"), node("Add", "x", "f")], {"i": np.array([0])}
    ),
    "slice of rows": model(
        [node("Slice", "x", "a", "b", "c")],
        {"a": np.array([0]), "b": np.array([1]), "c": np.array([0])},
    ),
    "rows turned into columns": model([node("Transpose", "x", perm=[1, 0])], out=(4, "batch")),
    "batch folded away": model([node("Reshape", "x", "s")], {"s": np.array([1, -1])}),
    "constant of several rows": model([node("Add", "x", "c")], {"c": np.ones((2, 4), np.float32)}),
    "operands of unequal rank": model(
        [node("ReduceSum", "x", "a", keepdims=0, out="r"), node("Add", "x", "r")],
        {"a": np.array([1])},
    ),
    "Gemm of columns": model(
        [node("Gemm", "x", "w", transA=1)], {"w": np.ones((2, 3), np.float32)}
    ),
    "batch statistics": model(
        [
            helper.make_node(
                "BatchNormalization", ["x", "o", "o", "o", "o"], ["y", "m", "v"], training_mode=1
            )
        ],
        {"o": np.ones(4, np.float32)},
    ),
    "batch statistics, as before opset 14": model(
        [helper.make_node("BatchNormalization", ["x", "o", "o", "o", "o"], ["y", "m", "v"])],
        {"o": np.ones(4, np.float32)},
        opset=9,
    ),
    "vector taken for one row": model(
        [node("Normalizer", "x", domain="ai.onnx.ml", norm="L1")],
        shape=("batch",),
        out=(1, "batch"),
    ),
    "scales of every row": model(
        [node("QuantizeLinear", "x", "s", "z", out="q"), node("DequantizeLinear", "q", "s", "z")],
        {"s": np.full((2, 2), 0.1, np.float32), "z": np.zeros((2, 2), np.int8)},
        opset=21,
    ),
    "operator that nobody lists": model([node("NonZero", "x")], out=(2, None), out_type=I),
    "recurrent, whose first axis is time": model(
        [helper.make_node("RNN", ["x", "w", "r"], ["", "y"], hidden_size=2)],
        {"w": np.ones((1, 2, 4), np.float32), "r": np.ones((1, 2, 2), np.float32)},
        shape=("batch", 1, 4),
        out=("batch", 1, 2),
    ),
    "size of the batch": model([node("Shape", "x", out="s"), node("Cast", "s", to=F)]),
    "constant output": model([node("Identity", "c")], {"c": np.ones((1, 4), np.float32)}),
    "another domain": model([node("Relu", "x", domain="com.example")]),
    "no model": b"no model",
}


@pytest.mark.parametrize("name", APART)
def test_a_graph_that_keeps_rows_apart_is_joined(name: str) -> None:
    assert keeps_rows_apart(APART[name])


@pytest.mark.parametrize("name", MIXED)
def test_a_graph_that_could_mix_rows_is_not_joined(name: str) -> None:
    assert not keeps_rows_apart(MIXED[name])


def test_a_lie_of_the_file_about_a_shape_does_not_count() -> None:
    honest = [node("Relu", "x", out="h"), node("Softmax", "h", axis=-2)]
    lying = onnx.load_from_string(model(honest))
    lying.graph.value_info.append(helper.make_tensor_value_info("h", F, ["batch", 4, 1]))
    lying.graph.output[0].type.tensor_type.shape.dim.add()
    assert not keeps_rows_apart(lying.SerializeToString())


def test_a_subgraph_is_not_joined() -> None:
    branch = helper.make_graph(
        [node("Relu", "x", out="b")], "t", [], [helper.make_tensor_value_info("b", F, None)]
    )
    taken = node("If", "c", then_branch=branch, else_branch=branch)

    assert not keeps_rows_apart(model([taken], {"c": np.ones((), bool)}))


def test_the_sample_models_are_joined() -> None:
    for path in (ROOT / "models").glob("*/*/artifacts/*.onnx"):
        assert keeps_rows_apart(path)


@pytest.mark.parametrize("name", APART)
def test_what_the_analysis_joins_answers_alike_beside_extreme_rows(name: str) -> None:
    """The runtime itself confirms it: onnxruntime joins the rows and nothing changes."""
    served = OnnxModel(APART[name], ModelIdentity(name="m", version="1.0.0", digest="0" * 64))

    assert served.batchable


@pytest.mark.parametrize("quantised", ["quantised dynamically", "mean over the batch"])
def test_the_runtime_shows_that_a_row_changes_beside_others(quantised: str) -> None:
    import onnxruntime as ort  # noqa: PLC0415

    session = ort.InferenceSession(MIXED[quantised], providers=["CPUExecutionProvider"])
    row = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)
    (alone,) = session.run(["y"], {"x": row})
    (beside,) = session.run(["y"], {"x": np.vstack([row, np.full((1, 4), 1e6, np.float32)])})

    assert np.abs(alone[0] - beside[0]).max() > 0.01


def test_a_failing_call_writes_nothing_into_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    data = model([node("Mul", "x", "c")], {"c": np.ones((1, 4), np.float32)}, shape=("batch", "n"))
    loaded = OnnxModel(data, ModelIdentity(name="m", version="1.0.0", digest="0" * 64))
    with pytest.raises(Exception, match="Non-zero status"):
        loaded.run({"x": np.ones((1, 5), np.float32)})
    assert capfd.readouterr().err == ""
