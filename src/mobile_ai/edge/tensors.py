"""Validates a request's tensors against the model's specification, before a runtime sees them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mobile_ai.edge.datatypes import BYTES, DATATYPES, TensorType, unpack_bytes
from mobile_ai.edge.errors import BAD_REQUEST, RefusedError
from mobile_ai.edge.serving import ServedTensor

_MAX_ELEMENTS: Final = 2**31
_MAX_RANK: Final = 16


def refuse(message: str) -> RefusedError:
    """Return the error of an invalid request."""
    return RefusedError(BAD_REQUEST, message)


def check_shape(spec: ServedTensor, datatype: object, shape: object) -> tuple[int, ...]:
    """Return a shape that matches the input's.

    Raises:
        RefusedError: If datatype or shape do not match the input.
    """
    if datatype != spec.datatype:
        raise refuse(f"input {spec.name!r}: got another datatype; expected {spec.datatype}")
    if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) > _MAX_RANK:
        raise refuse(f"input {spec.name!r}: got no shape; expected a list of sizes")
    # bool is a subclass of int, and a float may equal an int
    if any(type(size) is not int or size < 1 for size in shape):
        raise refuse(f"input {spec.name!r}: got sizes that are no whole numbers from 1")
    if len(shape) != len(spec.shape) or any(
        expected not in {-1, size} for size, expected in zip(shape, spec.shape, strict=True)
    ):
        raise refuse(
            f"input {spec.name!r}: got shape {list(shape)}; expected {list(spec.shape)}, "
            "where -1 is any size"
        )
    if math.prod(shape) > _MAX_ELEMENTS:
        raise refuse(f"input {spec.name!r}: got more than {_MAX_ELEMENTS} elements")
    return tuple(shape)


def from_raw(spec: ServedTensor, shape: tuple[int, ...], data: memoryview) -> NDArray[Any]:
    """Return a tensor from binary form, without a copy for fixed-size datatypes.

    Raises:
        RefusedError: If the data's length does not match the shape, or an element is not valid
            for the datatype.
    """
    datatype, count = DATATYPES[spec.datatype], math.prod(shape)
    if datatype.name == BYTES:
        try:
            return _checked_text(spec, unpack_bytes(data, count)).reshape(shape)
        except ValueError as error:
            raise refuse(f"input {spec.name!r}: {error}") from error
    if len(data) != count * datatype.size:
        raise refuse(
            f"input {spec.name!r}: got {len(data)} bytes; "
            f"expected {count * datatype.size} for shape {list(shape)}"
        )
    if datatype.name == "BOOL" and np.frombuffer(data, dtype=np.uint8).max() > 1:
        raise refuse(f"input {spec.name!r}: got a byte over 1; expected 0 or 1")
    array = np.frombuffer(data, dtype=datatype.dtype).reshape(shape)
    return array if array.flags.aligned else array.copy()


def from_json(spec: ServedTensor, shape: tuple[int, ...], data: object) -> NDArray[Any]:
    """Return a tensor from JSON: flat, or nested as deep as the shape.

    Raises:
        RefusedError: If elements are too many, too few, of another type or out of range.
    """
    if not isinstance(data, list):
        raise refuse(f"input {spec.name!r}: got no list in 'data'")
    count = math.prod(shape)
    flat = data
    for _ in shape[1:]:
        if not flat or type(flat[0]) is not list:
            break
        if any(type(part) is not list for part in flat) or len(flat) > count:
            raise refuse(f"input {spec.name!r}: got lists nested unevenly")
        flat = [element for part in flat for element in part]
    return from_elements(spec, shape, flat)


def from_elements(
    spec: ServedTensor, shape: tuple[int, ...], flat: Sequence[Any], *, finite: bool = True
) -> NDArray[Any]:
    """Return a tensor from a flat sequence of Python values.

    Args:
        spec: The input.
        shape: One that `check_shape` returned.
        flat: The elements.
        finite: True if an infinity can only come from a number that is too large, as in JSON.

    Raises:
        RefusedError: As `from_json`.
    """
    datatype, count = DATATYPES[spec.datatype], math.prod(shape)
    if len(flat) != count:
        raise refuse(
            f"input {spec.name!r}: got {len(flat)} elements; "
            f"expected {count} for shape {list(shape)}"
        )
    kinds = set(map(type, flat))
    if datatype.name == BYTES and kinds <= {str, bytes}:
        elements = np.empty(count, dtype=object)
        elements[:] = [item.encode() if type(item) is str else item for item in flat]
        return _checked_text(spec, elements).reshape(shape)
    if not kinds <= datatype.json:
        raise refuse(f"input {spec.name!r}: got elements that are not of type {datatype.name}")
    return _numbers(spec, datatype, flat, finite=finite).reshape(shape)


def _numbers(
    spec: ServedTensor, datatype: TensorType, flat: Sequence[Any], *, finite: bool
) -> NDArray[Any]:
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=datatype.dtype)
    except OverflowError:
        array = None
    if array is None or (finite and datatype.dtype.kind == "f" and not np.isfinite(array).all()):
        raise refuse(f"input {spec.name!r}: got a number out of range of {datatype.name}")
    return array


def _checked_text(spec: ServedTensor, elements: NDArray[Any]) -> NDArray[Any]:
    """Check that elements are UTF-8, as ONNX's strings are."""
    try:
        for element in elements:
            element.decode()
    except UnicodeDecodeError as error:
        raise refuse(f"input {spec.name!r}: got bytes that are not UTF-8") from error
    return elements
