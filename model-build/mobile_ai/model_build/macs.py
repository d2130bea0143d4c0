"""Counts the multiply-accumulates (MACs) of one inference, by arithmetic type.

A count is either of the whole graph or unknown: a graph with work that is not counted here, or
whose sizes are not known, has no count, since a partial one would be too low.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mobile_ai.model_build.errors import need

# TensorType and BuiltinOperator numbers of the TFLite schema.
_INTEGERS: Final = frozenset({9, 3, 17, 7})
_CONV, _DEPTHWISE, _DENSE, _TRANSPOSE_CONV, _BATCH_DOT = 3, 4, 9, 67, 126
_COUNTED: Final = frozenset({_CONV, _DEPTHWISE, _DENSE, _TRANSPOSE_CONV, _BATCH_DOT})
# LSTM, RNN and SVDF; CALL, CUSTOM, IF, WHILE and CALL_ONCE; CONV_3D and its transpose; StableHLO's
# convolution, custom call, dot, while and composite.
_UNCOUNTED: Final = frozenset(
    {16, 24, 27, 31, 32, 35, 44, 46, 52, 118, 119, 129, 132, 141, 171, 173, 197, 200, 206}
)

# Place of the weights among the inputs of operators that multiply.
_ONNX: Final[Mapping[str, int]] = {
    "Conv": 1,
    "ConvInteger": 1,
    "ConvTranspose": 1,
    "FusedConv": 1,
    "QLinearConv": 3,
    "Gemm": 1,
    "FusedGemm": 1,
    "QGemm": 3,
    "MatMul": 1,
    "FusedMatMul": 1,
    "MatMulInteger": 1,
    "MatMulIntegerToFloat": 1,
    "DynamicQuantizeMatMul": 1,
    "QLinearMatMul": 3,
}
_INTEGER_OPS: Final = frozenset(
    {
        "ConvInteger",
        "QLinearConv",
        "QGemm",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "DynamicQuantizeMatMul",
        "QLinearMatMul",
    }
)
_ONNX_UNCOUNTED: Final = frozenset(
    {"If", "Loop", "Scan", "LSTM", "GRU", "RNN", "Einsum", "Attention", "DeformConv", "STFT", "DFT"}
)
# Operators of onnxruntime's domain that add no multiply-accumulates of weights.
_LIGHT: Final = frozenset(
    {
        "BiasGelu",
        "DequantizeLinear",
        "FastGelu",
        "Gelu",
        "QLinearAdd",
        "QLinearAveragePool",
        "QLinearConcat",
        "QLinearGlobalAveragePool",
        "QLinearLeakyRelu",
        "QLinearMul",
        "QLinearSigmoid",
        "QLinearSoftmax",
        "QuantizeLinear",
        "QuickGelu",
        "SkipLayerNormalization",
    }
)
_HALF: Final = 10  # TensorProto.FLOAT16


def count_macs(
    path: Path, format_: str, sample: Mapping[str, Any] | None = None
) -> dict[str, int] | None:
    """Return MACs by arithmetic type (`fp32`, `fp16`, `int8`); ``None`` if they are unknown.

    Args:
        path: The file.
        format_: Its format.
        sample: One inference's inputs, which settle sizes that the file leaves free.
    """
    if format_ == "tflite":
        return tflite_macs(path.read_bytes())
    return onnx_macs(path, sample) if format_ == "onnx" else None


def tflite_macs(content: bytes) -> dict[str, int] | None:
    """Count convolutions, dense layers and products of batches of the main graph.

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
        if kind in _UNCOUNTED:
            return None
        if kind not in _COUNTED:
            continue
        inputs = [graph.Tensors(operator.Inputs(at)) for at in range(operator.InputsLength())]
        shapes = [[*map(int, item.ShapeAsNumpy())] if item.ShapeLength() else [] for item in inputs]
        output = [*map(int, graph.Tensors(operator.Outputs(0)).ShapeAsNumpy())]
        count = _layer_macs(kind, shapes, output)
        if count <= 0:
            return None
        found["int8" if inputs[1].Type() in _INTEGERS else "fp32"] += count
    return dict(found)


def _layer_macs(kind: int, inputs: Sequence[Sequence[int]], output: Sequence[int]) -> int:
    """Return a layer's MACs; not above 0 if a size is not known."""
    weights = inputs[1]
    if any(size <= 0 for size in (*weights, *output)):
        return 0
    results = math.prod(output)
    if kind == _DENSE:
        return results * weights[-1]
    if kind == _DEPTHWISE:
        return results * weights[1] * weights[2]
    if kind == _BATCH_DOT:
        # Of M x K times K x N, whichever is transposed: MK * KN / MN is the square of K.
        last = math.prod(inputs[0][-2:]) * math.prod(weights[-2:]) // math.prod(output[-2:])
        return results * math.isqrt(last)
    if kind == _TRANSPOSE_CONV:  # every input value meets every weight of its channel
        return math.prod(inputs[2]) * math.prod(weights[:-1])
    return results * math.prod(weights[1:])


def onnx_macs(path: Path, sample: Mapping[str, Any] | None = None) -> dict[str, int] | None:
    """Count convolutions and products of matrices, quantised ones too.

    A free first axis is a batch of one; other free axes are as in the sample, if there is one.
    """
    onnx = need("onnx")
    model = onnx.load(str(path))
    kinds = {(node.domain, node.op_type) for node in model.graph.node}
    if any(_uncounted(domain, kind) for domain, kind in kinds):
        return None
    _settle(model, sample or {})
    inferred = need("onnx.shape_inference").infer_shapes(model, data_prop=True)
    shapes, types = _known(inferred)
    integer = _from_integers(inferred)
    found: Counter[str] = Counter()
    for node in inferred.graph.node:
        if node.op_type not in _ONNX:
            continue
        weights = node.input[_ONNX[node.op_type]]
        count = _node_macs(node, shapes, weights)
        if count is None:
            return None
        if node.op_type in _INTEGER_OPS or weights in integer:
            arithmetic = "int8"
        else:
            arithmetic = "fp16" if types.get(weights) == _HALF else "fp32"
        found[arithmetic] += count
    return dict(found)


def _uncounted(domain: str, kind: str) -> bool:
    if domain in {"", "ai.onnx"}:
        return kind in _ONNX_UNCOUNTED
    return domain != "com.microsoft" or kind not in _LIGHT | set(_ONNX)


def _settle(model: Any, sample: Mapping[str, Any]) -> None:
    """Give inputs the sizes of an inference, and forget sizes that were derived from others."""
    stored = {item.name for item in model.graph.initializer}
    free = False
    for item in model.graph.input:
        if item.name in stored:
            continue
        given = getattr(sample.get(item.name), "shape", ())
        for axis, size in enumerate(item.type.tensor_type.shape.dim):
            if size.dim_value > 0:
                continue
            free = True
            if axis < len(given):
                size.dim_value = int(given[axis])
            elif axis == 0:
                size.dim_value = 1
    if free:
        del model.graph.value_info[:]
        for item in model.graph.output:
            item.type.tensor_type.ClearField("shape")


def _known(model: Any) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Return the shapes that are known in full, and the types of stored tensors."""
    shapes = {item.name: [*item.dims] for item in model.graph.initializer}
    types = {item.name: item.data_type for item in model.graph.initializer}
    for item in [*model.graph.value_info, *model.graph.output, *model.graph.input]:
        if item.type.tensor_type.HasField("shape"):
            sizes = [size.dim_value for size in item.type.tensor_type.shape.dim]
            if all(size > 0 for size in sizes):
                shapes.setdefault(item.name, sizes)
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in shapes:
            shapes.setdefault(node.output[0], shapes[node.input[0]])
    return shapes, types


def _node_macs(node: Any, shapes: Mapping[str, list[int]], weights: str) -> int | None:
    sizes, output = shapes.get(weights), shapes.get(node.output[0])
    if not sizes or output is None:
        return None
    if node.op_type == "ConvTranspose":  # every input value meets every weight of its channel
        into = shapes.get(node.input[0])
        return None if into is None else math.prod(into) * math.prod(sizes[1:])
    if "Conv" in node.op_type:
        return math.prod(output) * math.prod(sizes[1:])
    transposed = any(part.name == "transB" and part.i for part in node.attribute)
    inner = sizes[-1] if transposed or len(sizes) == 1 else sizes[-2]
    return math.prod(output) * inner


def _from_integers(model: Any) -> set[str]:
    stored = {item.name for item in model.graph.initializer}
    return {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in stored
    }
