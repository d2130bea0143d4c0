"""Tensors are validated before a runtime sees them."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mobile_ai.edge.datatypes import BYTES, DATATYPES, pack_bytes, unpack_bytes
from mobile_ai.edge.errors import RefusedError
from mobile_ai.edge.serving import ServedTensor
from mobile_ai.edge.tensors import check_shape, from_elements, from_json, from_raw

NUMERIC = [name for name in DATATYPES if name != BYTES]


def spec(datatype: str = "FP32", shape: tuple[int, ...] = (-1, 2)) -> ServedTensor:
    return ServedTensor(name="x", datatype=datatype, shape=shape)


@pytest.mark.parametrize(
    "shape",
    [
        None,
        "12",
        {},
        [],
        [1],
        [1, 3],
        [1, 2, 1],
        [0, 2],
        [-1, 2],
        [1.0, 2],
        [True, 2],
        ["1", 2],
        [None, 2],
        [[1], 2],
        [2**63, 2],
        [1] * 40,
    ],
    ids=repr,
)
def test_a_shape_that_is_none_of_the_inputs_is_refused(shape: Any) -> None:
    with pytest.raises(RefusedError, match="input 'x'"):
        check_shape(spec(), "FP32", shape)


@pytest.mark.parametrize("datatype", ["FP64", "fp32", None, 3, ["FP32"]], ids=repr)
def test_another_datatype_is_refused(datatype: Any) -> None:
    with pytest.raises(RefusedError, match="expected FP32"):
        check_shape(spec(), datatype, [1, 2])


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        ("FP32", [1]),
        ("FP32", [1, 2, 3]),
        ("FP32", [[1, 2], [3, 4]]),
        ("FP32", [[1], 2]),
        ("FP32", [[[1, 2]]]),
        ("FP32", ["1", "2"]),
        ("FP32", [True, 1.0]),
        ("FP32", [None, 1.0]),
        ("FP32", [1e39, 1.0]),
        ("FP16", [1e5, 1.0]),
        ("FP32", {"0": 1}),
        ("FP32", None),
        ("INT8", [128, 0]),
        ("INT8", [1.0, 0]),
        ("UINT8", [-1, 0]),
        ("INT64", [2**63, 0]),
        ("UINT64", [-1, 0]),
        ("BOOL", [0, 1]),
        ("BYTES", [1, 2]),
    ],
    ids=repr,
)
def test_wrong_elements_in_json_are_refused(datatype: str, data: Any) -> None:
    with pytest.raises(RefusedError, match="input 'x'"):
        from_json(spec(datatype), (1, 2), data)


@pytest.mark.parametrize(
    ("datatype", "data"),
    [
        ("FP32", [1, 2.5]),
        ("FP32", [[1, 2.5]]),
        ("FP16", [0.5, 65504]),
        ("INT8", [-128, 127]),
        ("UINT64", [0, 2**64 - 1]),
        ("BOOL", [True, False]),
        ("BYTES", ["", "zwölf"]),
    ],
    ids=repr,
)
def test_right_elements_in_json_are_taken(datatype: str, data: Any) -> None:
    array = from_json(spec(datatype), (1, 2), data)
    flat = data[0] if isinstance(data[0], list) else data
    expected = [item.encode() if isinstance(item, str) else item for item in flat]
    assert array.shape == (1, 2)
    assert array.ravel().tolist() == expected


def test_infinities_are_tensors_where_the_protocol_can_say_them() -> None:
    array = from_elements(spec(), (1, 2), [math.inf, math.nan], finite=False)
    assert np.isinf(array[0, 0])
    assert np.isnan(array[0, 1])


@pytest.mark.parametrize("length", [0, 7, 9, 16])
def test_binary_data_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(RefusedError, match=r"expected 8 for shape \[1, 2\]"):
        from_raw(spec(), (1, 2), memoryview(bytes(length)))


def test_a_bool_is_zero_or_one() -> None:
    assert from_raw(spec("BOOL"), (1, 2), memoryview(b"\0\1")).tolist() == [[False, True]]
    with pytest.raises(RefusedError, match="byte over 1"):
        from_raw(spec("BOOL"), (1, 2), memoryview(b"\0\2"))


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 7, b"\0" * 9, b"\5\0\0\0ab\0\0\0\0", b"\xff\xff\xff\xff\0\0\0\0", b"\0" * 12],
    ids=repr,
)
def test_malformed_byte_elements_are_refused(data: bytes) -> None:
    with pytest.raises(RefusedError, match="input 'x'"):
        from_raw(spec(BYTES), (1, 2), memoryview(data))


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(RefusedError, match="UTF-8"):
        from_raw(spec(BYTES), (1, 2), memoryview(pack_bytes([b"\xff", b""])))


def test_a_huge_shape_allocates_nothing() -> None:
    with pytest.raises(ValueError, match="expected 2147483647 elements"):
        unpack_bytes(memoryview(b"\0\0\0\0"), 2**31 - 1)


def test_a_tensor_at_an_odd_address_is_aligned() -> None:
    data = memoryview(b"!" + np.arange(2, dtype="<f4").tobytes())[1:]
    array = from_raw(spec(), (1, 2), data)
    assert array.flags.aligned
    assert array.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("datatype", NUMERIC)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_binary_form_round_trips_bit_for_bit(datatype: str, data: st.DataObject) -> None:
    dtype = DATATYPES[datatype].dtype
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2)))
    taken = from_raw(spec(datatype, (-1, -1)), array.shape, memoryview(array.tobytes()))
    assert taken.dtype == dtype
    assert taken.tobytes() == array.tobytes()


@pytest.mark.parametrize("datatype", NUMERIC)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_json_round_trips_flat_and_nested(datatype: str, data: st.DataObject) -> None:
    dtype = DATATYPES[datatype].dtype
    finite = {"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else None
    shapes = hnp.array_shapes(min_dims=2, max_dims=2)
    array = data.draw(hnp.arrays(dtype, shapes, elements=finite))
    for form in (array.tolist(), array.ravel().tolist()):
        parsed = json.loads(json.dumps(form))
        assert from_json(spec(datatype, (-1, -1)), array.shape, parsed).tobytes() == array.tobytes()


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_byte_elements_round_trip(elements: list[bytes]) -> None:
    assert unpack_bytes(memoryview(pack_bytes(elements)), len(elements)).tolist() == elements
