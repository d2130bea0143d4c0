"""Converts float16 TFLite files to float32 with a signature, so that they can be quantised.

Many published mobile models store float16 weights behind DEQUANTIZE operators and have no
signature. litert-quantizer quantises only float32 constants and calibrates by signature. The
conversion is lossless: float32 represents every float16 value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mobile_ai.model_build.errors import need

_FLOAT32, _FLOAT16, _DEQUANTIZE = 0, 1, 6
_SIGNATURE = b"serving_default"


def widen(content: bytes) -> bytes:
    """Return the same model with float32 weights and one signature.

    Input and output names are those of the file's own signature, else of its tensors.
    """
    schema = need("ai_edge_litert.schema_py_generated")
    flatbuffers = need("flatbuffers")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for code in model.operatorCodes:
        # Files before schema 3a set only the deprecated field; litert-quantizer reads the new one.
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    main = model.subgraphs[0]
    names = _names(model, main)
    for graph in model.subgraphs:
        _fold(model, graph)
    # Tensors were renumbered, so that the file's own signature has stale indexes.
    model.signatureDefs = [_signature(schema, main, names)]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _fold(model: Any, graph: Any) -> None:
    """Replace every DEQUANTIZE of a float16 constant by that constant in float32."""
    instead: dict[int, int] = {}
    kept = []
    for operator in graph.operators:
        kind = model.operatorCodes[operator.opcodeIndex].builtinCode
        source = int(operator.inputs[0])
        if kind == _DEQUANTIZE and _is_half_constant(model, graph.tensors[source]):
            instead[int(operator.outputs[0])] = source
        else:
            kept.append(operator)
    for source in set(instead.values()):
        tensor = graph.tensors[source]
        buffer = model.buffers[tensor.buffer]
        half = np.asarray(buffer.data, dtype=np.uint8).tobytes()
        wide = np.frombuffer(half, dtype="<f2").astype("<f4").tobytes()
        buffer.data = np.frombuffer(wide, dtype=np.uint8)
        tensor.type = _FLOAT32
    for operator in kept:
        operator.inputs = [instead.get(int(number), int(number)) for number in operator.inputs]
    graph.operators = kept
    _drop_unused(graph)


def _drop_unused(graph: Any) -> None:
    """Remove unused tensors, whose values the calibrator would otherwise request."""
    lists = [graph.inputs, graph.outputs]
    lists += [part for op in graph.operators for part in (op.inputs, op.outputs)]
    used = sorted({int(number) for part in lists for number in part if number >= 0})
    place = {old: new for new, old in enumerate(used)} | {-1: -1}  # -1: an omitted input
    graph.tensors = [graph.tensors[number] for number in used]
    graph.inputs = [place[int(number)] for number in graph.inputs]
    graph.outputs = [place[int(number)] for number in graph.outputs]
    for operator in graph.operators:
        operator.inputs = [place[int(number)] for number in operator.inputs]
        operator.outputs = [place[int(number)] for number in operator.outputs]


def _is_half_constant(model: Any, tensor: Any) -> bool:
    stored = model.buffers[tensor.buffer].data
    return tensor.type == _FLOAT16 and stored is not None and len(stored) > 0


def _names(model: Any, graph: Any) -> list[str]:
    """Return the names of the graph's inputs, then of its outputs, in their order."""
    known = {number: tensor.name for number, tensor in enumerate(graph.tensors)}
    for signature in model.signatureDefs or ():
        if signature.subgraphIndex == 0:
            entries = [*(signature.inputs or ()), *(signature.outputs or ())]
            known |= {entry.tensorIndex: entry.name for entry in entries}
    return [known[int(number)] for number in [*graph.inputs, *graph.outputs]]


def _signature(schema: Any, graph: Any, names: list[str]) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey = _SIGNATURE
    signature.subgraphIndex = 0
    entries = [
        _named(schema, name, number)
        for name, number in zip(names, [*graph.inputs, *graph.outputs], strict=True)
    ]
    signature.inputs = entries[: len(graph.inputs)]
    signature.outputs = entries[len(graph.inputs) :]
    return signature


def _named(schema: Any, name: str, number: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, int(number)
    return entry
