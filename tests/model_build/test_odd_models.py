"""Unusual imported models are handled, or refused with a four-part message."""

import pytest
from onnx import TensorProto, helper

from mobile_ai.delivery.client.selftest import run_apart
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.runtime import load
from tests.model_build.brought import bring_in, onnx_bytes, recipe_for

pytestmark = pytest.mark.build


def one_node(operator, *, kind=TensorProto.FLOAT, answer=None, name="x", **attributes):
    """Return a model with one operator on four numbers."""
    graph = helper.make_graph(
        [helper.make_node(operator, [name], ["y"], **attributes)],
        "odd",
        [helper.make_tensor_value_info(name, kind, [1, 4])],
        [helper.make_tensor_value_info("y", answer or kind, [1, 4])],
    )
    return onnx_bytes(graph)


def with_weights(value):
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor("w", TensorProto.FLOAT, [4], [value] * 4)],
    )
    return onnx_bytes(graph)


def zip_map():
    """Return a classifier as scikit-learn exports it: scores as a sequence of maps."""
    graph = helper.make_graph(
        [helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])],
        "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [
            helper.make_value_info(
                "y",
                helper.make_sequence_type_proto(
                    helper.make_map_type_proto(
                        TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, None)
                    )
                ),
            )
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def brought(folder, content):
    return bring_in(recipe_for(folder, content, "onnx"), folder, models=folder / "models")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (one_node("Relu", kind=TensorProto.DOUBLE), r"'x': got type tensor\(double\).*float32"),
        (zip_map(), r"'y': got type seq\(map\(int64,tensor\(float\)\)\).*zipmap=False"),
        (one_node("RandomNormalLike"), "another answer to the same inputs"),
        (with_weights(float("nan")), "no finite number"),
        (with_weights(float("inf")), "no finite number"),
    ],
    ids=["double", "zipmap", "random", "nan", "infinite"],
)
def test_a_model_that_no_device_could_repeat_is_refused_with_a_next_step(
    content, message, tmp_path
):
    with pytest.raises(ModelBuildError, match=message):
        brought(tmp_path, content)
    assert not (tmp_path / "models").exists()


def test_an_input_may_have_the_name_of_a_parameter_of_numpys(tmp_path):
    signed = brought(tmp_path, one_node("Relu", name="file"))
    assert signed.version.manifest.artifacts[0].profile.peak_memory_bytes > 0


@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT32", "INT64", "BOOL", "FLOAT16"])
def test_a_device_gives_a_model_the_types_that_the_builder_gave_it(kind, tmp_path):
    signed = brought(tmp_path, one_node("Identity", kind=getattr(TensorProto, kind)))
    path = signed.version.folder / signed.version.manifest.artifacts[0].file.path
    runner = load(path, "onnx")
    assert runner.inputs[0].dtype == {"FLOAT16": "FP16"}.get(kind, kind)
    ones = {"shape": [1, 4], "data": "AACAPwAAgD8AAIA/AACAPw=="}
    assert run_apart(path, "onnx", [{"x": ones}]) == [[1.0] * 4]
