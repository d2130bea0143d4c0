"""Datatypes of the protocol with their numpy and ONNX names, and the layout of ``BYTES``.

Source: Open Inference Protocol v2, "Tensor Data Types", and its binary tensor data extension:
little-endian, row-major, unpadded; an element of ``BYTES`` is its length as a 4-byte unsigned
integer, followed by its bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BYTES: Final = "BYTES"
"""The protocol's datatype of byte strings."""
_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorType:
    """A datatype of the protocol.

    Attributes:
        name: Name in the protocol.
        dtype: numpy dtype of its arrays; little-endian.
        onnx: Element type in ONNX.
        json: Python types that its elements may have in JSON.
    """

    name: str
    dtype: np.dtype[Any]
    onnx: str
    json: frozenset[type]

    @property
    def size(self) -> int:
        """Bytes of an element in binary form; 0 if it varies."""
        return 0 if self.dtype.hasobject else self.dtype.itemsize


def _known() -> Mapping[str, TensorType]:
    whole, real = frozenset({int}), frozenset({int, float})
    rows = [
        ("BOOL", "?", "bool", frozenset({bool})),
        *((f"UINT{bits}", f"<u{bits // 8}", f"uint{bits}", whole) for bits in (8, 16, 32, 64)),
        *((f"INT{bits}", f"<i{bits // 8}", f"int{bits}", whole) for bits in (8, 16, 32, 64)),
        ("FP16", "<f2", "float16", real),
        ("FP32", "<f4", "float", real),
        ("FP64", "<f8", "double", real),
        (BYTES, "O", "string", frozenset({str})),
    ]
    return {
        name: TensorType(name=name, dtype=np.dtype(code), onnx=f"tensor({onnx})", json=types)
        for name, code, onnx, types in rows
    }


DATATYPES: Final = _known()
"""Tensor datatypes of the Open Inference Protocol by name."""
_BY_ONNX: Final = {datatype.onnx: datatype for datatype in DATATYPES.values()}


def of_onnx(element: str) -> TensorType | None:
    """Return the datatype of an ONNX type such as ``tensor(float)``; ``None`` if unsupported."""
    return _BY_ONNX.get(element)


def pack_bytes(elements: Iterable[bytes]) -> bytes:
    """Return elements of ``BYTES`` in binary form."""
    return b"".join(_LENGTH.pack(len(element)) + element for element in elements)


def unpack_bytes(data: memoryview, count: int) -> NDArray[Any]:
    """Return the elements of a ``BYTES`` tensor as a flat array of `bytes`.

    Args:
        data: The tensor in binary form.
        count: Number of elements of its shape.

    Raises:
        ValueError: If the data does not contain exactly that many.
    """
    # Checked first: a shape of a billion elements must not be allocated for ten bytes.
    if len(data) < count * _LENGTH.size:
        raise ValueError(f"got {len(data)} bytes; expected {count} elements")
    elements = np.empty(count, dtype=object)
    at = 0
    for index in range(count):
        if at + _LENGTH.size > len(data):
            raise ValueError(f"got {index} elements; expected {count}")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise ValueError(f"element {index}: got {len(data) - at} bytes; expected {length}")
        elements[index] = bytes(data[at : at + length])
        at += length
    if at != len(data):
        raise ValueError(f"got {len(data) - at} bytes after the last element; expected none")
    return elements
