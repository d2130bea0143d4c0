"""Counts the multiply-accumulates (MACs) of a file from its graph, by arithmetic type."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from mobile_ai.model_build.errors import need

# TensorType and BuiltinOperator numbers of the TFLite schema.
_HALF, _INTEGERS = 1, {9, 3, 17, 7}
_CONV, _DEPTHWISE, _DENSE, _TRANSPOSE_CONV, _DEQUANTIZE = 3, 4, 9, 67, 6


def count_macs(path: Path, format_: str) -> dict[str, int] | None:
    """Return MACs by arithmetic type (`fp32`, `fp16`, `int8`); ``None`` if they are unknown."""
    if format_ == "tflite":
        return tflite_macs(path.read_bytes())
    return onnx_macs(path) if format_ == "onnx" else None


def tflite_macs(content: bytes) -> dict[str, int]:
    """Count convolutions and dense layers of the main graph.

    Integer weights count as int8 arithmetic, unless a DEQUANTIZE precedes the layer.
    """
    schema = need("ai_edge_litert.schema_py_generated")
    model = schema.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    found: Counter[str] = Counter()
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if kind not in {_CONV, _DEPTHWISE, _DENSE, _TRANSPOSE_CONV}:
            continue
        weights = graph.Tensors(operator.Inputs(1))
        output = graph.Tensors(operator.Outputs(0)).ShapeAsNumpy()
        arithmetic = "int8" if weights.Type() in _INTEGERS else "fp32"
        found[arithmetic] += _layer_macs(kind, weights.ShapeAsNumpy(), output)
    return dict(found)


def _layer_macs(kind: int, weights: Any, output: Any) -> int:
    results = math.prod(int(size) for size in output)
    if kind == _DENSE:
        return results * int(weights[-1])
    if kind == _DEPTHWISE:
        return results * int(weights[1]) * int(weights[2])
    return results * math.prod(int(size) for size in weights[1:])


def onnx_macs(path: Path) -> dict[str, int] | None:
    """Count Conv, Gemm and MatMul with constant weights, for batch 1.

    ``None`` if a subgraph (If, Loop, Scan) or a recurrent layer contains uncounted work: a partial
    count would be too low.
    """
    onnx = need("onnx")
    model = need("onnx.shape_inference").infer_shapes(onnx.load(str(path)))
    if any(
        node.op_type in {"If", "Loop", "Scan", "LSTM", "GRU", "RNN"} for node in model.graph.node
    ):
        return None
    shapes = _onnx_shapes(model)
    integer = _from_integers(model)
    found: Counter[str] = Counter()
    for node in model.graph.node:
        if node.op_type not in {"Conv", "Gemm", "MatMul"} or node.input[1] not in shapes:
            continue
        weights, output = shapes[node.input[1]], shapes.get(node.output[0])
        if output is None:
            return None
        results = math.prod(size or 1 for size in output)
        inner = math.prod(weights[1:]) if node.op_type == "Conv" else _inner(node, weights)
        found["int8" if node.input[1] in integer else "fp32"] += results * inner
    return dict(found)


def _inner(node: Any, weights: list[int]) -> int:
    transposed = any(a.name == "transB" and a.i for a in node.attribute)
    return weights[1] if transposed else weights[-2]


def _onnx_shapes(model: Any) -> dict[str, list[int]]:
    shapes = {each.name: list(each.dims) for each in model.graph.initializer}
    for each in [*model.graph.value_info, *model.graph.output, *model.graph.input]:
        shapes[each.name] = [d.dim_value for d in each.type.tensor_type.shape.dim]
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in shapes:
            shapes.setdefault(node.output[0], shapes[node.input[0]])
    return shapes


def _from_integers(model: Any) -> set[str]:
    stored = {each.name for each in model.graph.initializer}
    return {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in stored
    }
