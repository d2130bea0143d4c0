"""Arbitrary bytes are either a valid request or refused."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mobile_ai.edge.errors import BAD_REQUEST, RefusedError
from mobile_ai.edge.infer_request import Plans, read_plan
from tests.edge.server_world import echo, mlp

MODELS = [mlp(), echo("BYTES"), echo("BOOL"), echo("INT8")]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def mixed(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return mostly valid values, sometimes arbitrary ones."""
    return st.one_of(good, good, good, JSON)


PARAMETERS = mixed(
    st.fixed_dictionaries(
        {}, optional={"binary_data_size": mixed(st.integers(0, 80)), "x": st.booleans()}
    )
)
INPUT = mixed(
    st.fixed_dictionaries(
        {
            "name": mixed(st.just("x")),
            "datatype": mixed(st.sampled_from(["FP32", "BYTES", "BOOL", "INT8"])),
            "shape": mixed(st.lists(st.integers(-1, 20), max_size=3)),
        },
        optional={
            "data": mixed(st.lists(st.integers(-9, 9) | st.booleans() | st.text(max_size=3))),
            "parameters": PARAMETERS,
        },
    )
)
REQUEST = mixed(
    st.fixed_dictionaries(
        {"inputs": mixed(st.lists(INPUT, max_size=2))},
        optional={
            "id": mixed(st.text(max_size=4)),
            "outputs": mixed(st.lists(st.fixed_dictionaries({"name": mixed(st.just("y"))}))),
            "parameters": mixed(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "timeout": mixed(st.integers()),
                        "binary_data_output": mixed(st.booleans()),
                    },
                )
            ),
        },
    )
)


def frame(model: Any, text: bytes, data: bytes) -> None:
    """Serve a frame or refuse it; any other exception fails the test."""
    refused = None
    try:
        plan = Plans(model).find(text)
        assert set(plan.given(text + data, len(text))) == {"x"}
        assert plan.rows >= 1
    except RefusedError as error:
        refused = error
    assert refused is None or (refused.status == BAD_REQUEST and refused.message)


CASES = given(
    model=st.sampled_from(MODELS),
    request=REQUEST,
    cut=st.integers(0, 200) | st.none(),
    data=st.binary(max_size=80),
)


def one(model: Any, request: Any, cut: int | None, data: bytes) -> None:
    text = json.dumps(request).encode()[:cut]
    frame(model, text, data)


@pytest.mark.slow
@CASES
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_frame_is_a_surprise(model: Any, request: Any, cut: int | None, data: bytes) -> None:
    one(model, request, cut, data)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@CASES
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_frame_is_a_surprise_at_length(
    model: Any, request: Any, cut: int | None, data: bytes
) -> None:
    one(model, request, cut, data)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"inputs":[]}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"\xff",
        b"NaN",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_no_request_is_refused(text: bytes) -> None:
    with pytest.raises(RefusedError):
        read_plan(MODELS[0], text)


def test_kept_plans_are_bounded() -> None:
    plans = Plans(MODELS[0])
    for number in range(1000):
        request = {
            "inputs": [
                {
                    "name": "x",
                    "datatype": "FP32",
                    "shape": [1, 16],
                    "parameters": {"binary_data_size": 64, "n": number},
                }
            ]
        }
        plans.find(json.dumps(request).encode())
    assert len(plans._kept) <= 256
