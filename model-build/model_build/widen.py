"""Making a float16 TFLite file quantisable: weights stored whole, and a signature.

Many published mobile models hold float16 weights behind DEQUANTIZE operators and have no
signature. litert-quantizer quantises float32 constants only, and calibrates by signature.
Widening loses nothing: every float16 is a float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from model_build.errors import need

__all__ = ["widen"]

_FLOAT32, _FLOAT16, _DEQUANTIZE = 0, 1, 6
_SIGNATURE = b"serving_default"


def widen(content: bytes) -> bytes:
    """Return the same model with float32 weights and a signature named by its tensors."""
    schema = need("ai_edge_litert.schema_py_generated")
    flatbuffers = need("flatbuffers")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for graph in model.subgraphs:
        graph.operators = [
            operator for operator in graph.operators if not _folded(schema, model, graph, operator)
        ]
    if not model.signatureDefs:
        model.signatureDefs = [_signature(schema, model.subgraphs[0])]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _folded(schema: Any, model: Any, graph: Any, operator: Any) -> bool:
    """Turn a DEQUANTIZE of a float16 constant into a float32 constant; say whether it was one."""
    code = model.operatorCodes[operator.opcodeIndex]
    if max(code.builtinCode, code.deprecatedBuiltinCode) != _DEQUANTIZE:
        return False
    source, target = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    stored = model.buffers[source.buffer].data
    if source.type != _FLOAT16 or stored is None or not len(stored):
        return False
    values = np.asarray(stored, dtype=np.uint8).tobytes()
    wide = np.frombuffer(values, dtype="<f2").astype("<f4")
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(wide.tobytes(), dtype=np.uint8)
    model.buffers.append(buffer)
    target.buffer, target.type = len(model.buffers) - 1, _FLOAT32
    # The half-size original is no longer read; keeping it would add half to the file.
    model.buffers[source.buffer].data = np.zeros(0, dtype=np.uint8)
    return True


def _signature(schema: Any, graph: Any) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey = _SIGNATURE
    signature.subgraphIndex = 0
    signature.inputs = [_named(schema, graph, number) for number in graph.inputs]
    signature.outputs = [_named(schema, graph, number) for number in graph.outputs]
    return signature


def _named(schema: Any, graph: Any, number: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = graph.tensors[number].name, int(number)
    return entry
