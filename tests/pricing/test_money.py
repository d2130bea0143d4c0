"""Bands keep their order, and what is no number is refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.pricing import Band, CostError
from mobile_ai.pricing.values import cents, decimal_of

AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=4)


@st.composite
def bands(draw: Any) -> Band:
    return Band(*sorted(draw(st.lists(AMOUNTS, min_size=3, max_size=3))))


@given(bands(), bands())
def test_adding_and_multiplying_keeps_the_order(one: Band, other: Band) -> None:
    for found in (one + other, one * other, one * Decimal(3), one / 7):
        assert Decimal(0) <= found.low <= found.typical <= found.high


@given(st.lists(bands(), max_size=5))
def test_a_total_is_the_sum_of_its_parts(parts: list[Band]) -> None:
    total = Band.total(parts)

    assert total.typical == sum((item.typical for item in parts), Decimal(0))


def test_a_band_out_of_order_is_refused() -> None:
    with pytest.raises(CostError, match="low <= typical <= high"):
        Band.of("2", "1", "3")


@pytest.mark.parametrize(
    "value", [-1, "-0.01", float("nan"), float("inf"), 1e16, True, "x", None, []]
)
def test_what_is_no_sensible_number_is_refused(value: Any) -> None:
    with pytest.raises(CostError, match="nothing was summed"):
        decimal_of(value, what="usage")


def test_a_float_of_the_engine_is_read_as_it_is_written() -> None:
    assert decimal_of(0.1, what="x") == Decimal("0.1")


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.005", "0.01"), ("0.0049", "0.00"), ("2.675", "2.68")]
)
def test_cents_round_half_up(amount: str, shown: str) -> None:
    assert str(cents(Decimal(amount))) == shown
