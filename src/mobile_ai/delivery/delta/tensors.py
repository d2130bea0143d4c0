"""Locates the weights in a model file.

Only the publisher needs this: a patch contains plain offsets, so that a device applies it without
parsing TFLite or ONNX.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_MIN_BYTES: Final = 64  # below, a segment costs more than it saves
# Bits of an element, by TensorType of the TFLite schema and TensorProto.DataType of ONNX.
_TFLITE_BITS: Final = {0: 32, 1: 16, 2: 32, 3: 8, 7: 16, 9: 8, 17: 4}
_ONNX_BITS: Final = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 10: 16, 16: 16, 21: 4, 22: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A constant tensor in a model file.

    Attributes:
        name: Its name in the file.
        offset: Offset of its first byte.
        length: Bytes.
        width: Bits of one element.
        columns: Product of all dimensions but the first.
    """

    name: str
    offset: int
    length: int
    width: int
    columns: int


def find_tensors(data: bytes) -> list[Tensor]:
    """Return the constant tensors of a TFLite or ONNX file, in the order of their bytes.

    Empty for a file of another format or one that cannot be parsed.
    """
    try:
        found = list(_tflite(data) if data[4:8] == b"TFL3" else _onnx(data))
    except Exception:  # noqa: BLE001  # parsers of foreign bytes raise anything; then no weights are known
        return []
    found.sort(key=lambda item: item.offset)
    return [item for item in found if item.length >= _MIN_BYTES]


def _tflite(data: bytes) -> Iterator[Tensor]:
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415  # seconds to load

    base = _address(np.frombuffer(data, np.uint8))
    model = schema.Model.GetRootAs(data)
    seen: set[int] = set()
    for subgraph in (model.Subgraphs(at) for at in range(model.SubgraphsLength())):
        for tensor in (subgraph.Tensors(at) for at in range(subgraph.TensorsLength())):
            buffer = model.Buffers(tensor.Buffer())
            bits = _TFLITE_BITS.get(tensor.Type())
            if bits is None or tensor.Buffer() in seen or not buffer.DataLength():
                continue
            seen.add(tensor.Buffer())
            shape = [tensor.Shape(at) for at in range(tensor.ShapeLength())]
            yield Tensor(
                name=tensor.Name().decode(),
                offset=_address(buffer.DataAsNumpy()) - base,
                length=buffer.DataLength(),
                width=bits,
                columns=max(1, math.prod(shape[1:])),
            )


def _onnx(data: bytes) -> Iterator[Tensor]:
    import onnx  # noqa: PLC0415  # seconds to load

    at = 0
    for tensor in onnx.load_from_string(data).graph.initializer:
        bits, raw = _ONNX_BITS.get(tensor.data_type), tensor.raw_data
        found = data.find(raw, at) if bits and len(raw) >= _MIN_BYTES else -1
        if found < 0 or bits is None:
            continue
        at = found + len(raw)
        yield Tensor(
            name=tensor.name,
            offset=found,
            length=len(raw),
            width=bits,
            columns=max(1, math.prod(tensor.dims[1:])),
        )


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
