"""Valid and malicious model files, generated as bytes."""

from __future__ import annotations

import io
import pickle
import zipfile

import onnx
from onnx import TensorProto, helper


def onnx_model(*nodes, initializers=(), functions=(), shape=(1, 4)) -> onnx.ModelProto:
    nodes = nodes or (helper.make_node("Relu", ["x"], ["y"]),)
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=list(initializers),
    )
    opsets = [
        helper.make_opsetid(domain, version)
        for domain, version in (("", 17), ("com.microsoft", 1), ("evil.corp", 1))
    ]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)


def well_formed_onnx() -> bytes:
    return onnx_model().SerializeToString()


def greedy_onnx() -> bytes:
    """Return a model of a few hundred bytes that allocates 4 TB."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1_000_000, 1_000_000])
    nodes = (
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"]),
        helper.make_node("Add", ["sum", "x"], ["y"]),
    )
    return onnx_model(*nodes, initializers=[shape]).SerializeToString()


def external_onnx(location: str) -> bytes:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [4], [0.0] * 4)
    weights.ClearField("float_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", location
    node = helper.make_node("Add", ["x", "w"], ["y"])
    return onnx_model(node, initializers=[weights]).SerializeToString()


def hidden_external_onnx() -> bytes:
    """Return a model with external data in an attribute inside a branch of an If."""
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.0])
    value.ClearField("float_data")
    value.data_location = TensorProto.EXTERNAL
    entry = value.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    out = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["o"], value=value)], "b", [], [out]
    )
    condition = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    return onnx_model(node, initializers=[condition]).SerializeToString()


def foreign_onnx(domain: str, operator: str) -> bytes:
    return onnx_model(helper.make_node(operator, ["x"], ["y"], domain=domain)).SerializeToString()


def huge_tensor_onnx() -> bytes:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [1], [0.0])
    del weights.dims[:]
    weights.dims.extend([2**40, 2**20])
    node = helper.make_node("Add", ["x", "w"], ["y"])
    return onnx_model(node, initializers=[weights]).SerializeToString()


def endless_onnx() -> bytes:
    """Return a model with a loop of 2**60 iterations."""
    trips = helper.make_tensor("trips", TensorProto.INT64, [], [2**60])
    keep = helper.make_tensor("keep", TensorProto.BOOL, [], [True])
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Relu", ["before"], ["after"]),
        ],
        "body",
        [
            info("i", TensorProto.INT64, []),
            info("go", TensorProto.BOOL, []),
            info("before", TensorProto.FLOAT, None),
        ],
        [info("go_on", TensorProto.BOOL, []), info("after", TensorProto.FLOAT, None)],
    )
    node = helper.make_node("Loop", ["trips", "keep", "x"], ["y"], body=body)
    return onnx_model(node, initializers=[trips, keep]).SerializeToString()


class _Call:
    def __reduce__(self):
        return print, ("code ran",)


def pickled() -> bytes:
    return pickle.dumps(_Call())


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
