"""Checks the operators and tensors of an ONNX file before a runtime loads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any, Final

from mobile_ai.model_build.errors import need
from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.limits import InspectionLimits

_refused = InspectionError.advising("export it again without that, or use another")

_STANDARD: Final = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_CONTRIB: Final = "com.microsoft"
# Contrib operators that onnxruntime's quantizer and transformer optimizer produce.
_CONTRIB_OPERATORS: Final = frozenset(
    {
        "Attention",
        "BiasGelu",
        "ConvInteger",
        "DynamicQuantizeLSTM",
        "DynamicQuantizeMatMul",
        "EmbedLayerNormalization",
        "FastGelu",
        "FusedConv",
        "FusedGemm",
        "FusedMatMul",
        "Gelu",
        "LayerNormalization",
        "MatMulInteger16",
        "MatMulIntegerToFloat",
        "MatMulNBits",
        "NhwcMaxPool",
        "QAttention",
        "QGemm",
        "QLinearAdd",
        "QLinearAveragePool",
        "QLinearConcat",
        "QLinearGlobalAveragePool",
        "QLinearLeakyRelu",
        "QLinearMul",
        "QLinearReduceMean",
        "QLinearSigmoid",
        "QLinearSoftmax",
        "QLinearWhere",
        "QuantizeLinear",
        "DequantizeLinear",
        "SkipLayerNormalization",
    }
)
_MAX_DEPTH: Final = 8  # graphs within graphs (If, Loop, Scan)


def onnx_operators(data: bytes, *, limits: InspectionLimits, name: str) -> dict[str, int]:
    """Return the number of occurrences by operator.

    Raises:
        InspectionError: If the file does not parse, refers to external data, declares more tensor
            elements than it can hold, or uses an operator that is not allowed.
    """
    onnx = need("onnx")
    try:
        model = onnx.ModelProto.FromString(data)
    except Exception as error:  # the DecodeError class differs between protobuf back ends
        raise _refused(name, f"{type(error).__name__}: {error}", "an ONNX model") from error
    own = {(item.domain, item.name) for item in model.functions}
    counts: Counter[str] = Counter()
    for node in _nodes(model, name):
        _check_operator(onnx, node, own, name)
        counts[f"{node.domain}:{node.op_type}" if node.domain else node.op_type] += 1
        if counts.total() > limits.max_operators:
            raise _refused(name, f"over {limits.max_operators} operators", "a mobile model")
    for tensor in _tensors(model, name):
        _check_tensor(onnx, tensor, limits, name)
    return dict(sorted(counts.items()))


def _nodes(model: Any, name: str) -> Iterator[Any]:
    yield from _nodes_of(model.graph.node, 0, name)
    for function in model.functions:
        yield from _nodes_of(function.node, 0, name)


def _nodes_of(nodes: Any, depth: int, name: str) -> Iterator[Any]:
    if depth > _MAX_DEPTH:
        raise _refused(name, f"graphs nested deeper than {_MAX_DEPTH}", "a mobile model")
    for node in nodes:
        yield node
        for graph in _graphs(node):
            yield from _nodes_of(graph.node, depth + 1, name)


def _graphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _tensors(model: Any, name: str) -> Iterator[Any]:
    yield from _tensors_of(model.graph)
    for node in _nodes(model, name):
        for graph in _graphs(node):
            yield from _tensors_of(graph)
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("sparse_tensor"):
                yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)


def _tensors_of(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)


def _check_operator(onnx: Any, node: Any, own: set[tuple[str, str]], name: str) -> None:
    if (node.domain, node.op_type) in own:
        return
    if node.domain in _STANDARD:
        domain = "" if node.domain == "ai.onnx" else node.domain
        if onnx.defs.has(node.op_type, domain):
            return
    elif node.domain == _CONTRIB and node.op_type in _CONTRIB_OPERATORS:
        return
    raise _refused(
        name,
        f"operator {node.op_type!r} of domain {node.domain!r}",
        "standard ONNX operators and onnxruntime's quantized ones",
    )


def _check_tensor(onnx: Any, tensor: Any, limits: InspectionLimits, name: str) -> None:
    external = tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data
    if external:
        where = next((item.value for item in tensor.external_data if item.key == "location"), "")
        raise _refused(name, f"external data in {where!r}", "a model in one file")
    elements = prod(tensor.dims)
    # 4-bit types, the densest, hold two elements per byte.
    if any(size < 0 for size in tensor.dims) or elements > 2 * limits.max_bytes:
        raise _refused(name, f"a tensor of shape {list(tensor.dims)}", "sizes that a file can hold")
