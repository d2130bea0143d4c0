"""Parts sum to the amount, for any weights."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.operations.showback.split import in_cents, split

AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=15)
WEIGHTS = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.decimals(min_value=0, max_value=10**12, places=4),
    min_size=1,
    max_size=12,
).filter(lambda weights: any(weights.values()))


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_parts_sum_to_the_amount_and_lie_within_a_unit_of_their_share(
    amount: Decimal, weights: dict[str, Decimal]
) -> None:
    parts = split(amount, weights)

    assert sum(parts.values(), Decimal(0)) == amount
    total = sum(weights.values())
    for key, part in parts.items():
        share = amount * weights[key] / total
        assert abs(part - share) <= Decimal("2e-15") + abs(share) * Decimal("1e-26")


@given(amounts=st.dictionaries(st.integers(), AMOUNTS, min_size=1, max_size=20))
def test_cents_sum_to_the_rounded_sum_and_none_is_off_by_a_cent(
    amounts: dict[int, Decimal],
) -> None:
    shown = in_cents(amounts)

    assert sum(shown.values()) == sum(amounts.values()).quantize(
        Decimal("0.01"), rounding="ROUND_HALF_UP"
    ) or abs(sum(shown.values()) - sum(amounts.values())) <= Decimal("0.005")
    assert all(abs(shown[key] - amount) < Decimal("0.01") for key, amount in amounts.items())


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("1", {"a": 1, "b": 1, "c": 1}, {"a": "0.34", "b": "0.33", "c": "0.33"}),
        ("-1", {"a": 1, "b": 1, "c": 1}, {"a": "-0.34", "b": "-0.33", "c": "-0.33"}),
        ("10", {"a": 0, "b": 2}, {"a": "0.00", "b": "10.00"}),
        ("0", {"a": 1}, {"a": "0.00"}),
    ],
)
def test_hand_computed(amount: str, weights: dict[str, int], parts: dict[str, str]) -> None:
    exact = {key: Decimal(value) for key, value in weights.items()}

    found = split(Decimal(amount), exact, digits=2)

    assert {key: str(value) for key, value in found.items()} == parts


@pytest.mark.parametrize("weights", [{}, {"a": Decimal(0)}, {"a": Decimal(-1), "b": Decimal(2)}])
def test_weights_that_split_nothing_are_refused(weights: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(Decimal(1), weights)


def test_an_amount_finer_than_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="decimal places"):
        split(Decimal("0.001"), {"a": Decimal(1)}, digits=2)
