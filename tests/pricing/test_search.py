"""The exact search against plain enumeration."""

import itertools
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mobile_ai.pricing.search import Choice, cheapest, cost_of


@st.composite
def choices(draw: Any) -> Choice:
    return Choice(
        label=draw(st.text("abc", max_size=3)),
        fixed_usd=Decimal(draw(st.integers(0, 50))),
        capacity=Decimal(draw(st.integers(0, 40))),
        usd_per_request=Decimal(draw(st.integers(0, 9))) / 10_000_000,
        placement=draw(st.sampled_from([None, {"target": "edge"}])),
    )


SLOTS = st.lists(st.lists(choices(), min_size=1, max_size=4), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(SLOTS, st.integers(0, 100))
def test_the_best_costs_what_enumeration_finds(slots: list[list[Choice]], rate: int) -> None:
    costs = [cost_of(chosen, Decimal(rate)) for chosen in itertools.product(*slots)]
    feasible = sorted(cost for cost in costs if cost is not None)

    found = cheapest(slots, rate=Decimal(rate), keep=3)

    assert [item.usd for item in found] == feasible[:3]


@given(SLOTS)
def test_an_answer_carries_the_load_and_costs_what_it_says(slots: list[list[Choice]]) -> None:
    for answer in cheapest(slots, rate=Decimal(10)):
        assert cost_of(answer.choices, Decimal(10)) == answer.usd
        assert all(item in slot for item, slot in zip(answer.choices, slots, strict=True))


def test_nothing_is_returned_where_nothing_carries_the_load() -> None:
    assert cheapest([[Choice(label="a", fixed_usd=Decimal(1))]], rate=Decimal(1)) == ()
    assert cheapest([[]], rate=Decimal(0)) == ()


def test_among_equals_the_one_with_fewer_placements_wins() -> None:
    empty = Choice(label="z", fixed_usd=Decimal(0))
    placed = Choice(label="a", fixed_usd=Decimal(0), placement={"target": "cloud"})

    assert cheapest([[placed, empty]], rate=Decimal(0))[0].choices == (empty,)


def test_requests_go_to_the_cheapest_capacity_first() -> None:
    edge = Choice(label="edge", fixed_usd=Decimal(5), capacity=Decimal(1))
    cloud = Choice(
        label="cloud",
        fixed_usd=Decimal(0),
        capacity=Decimal(9),
        usd_per_request=Decimal("0.000001"),
    )

    assert cost_of([cloud, edge], Decimal(1)) == 5
    assert cost_of([cloud, edge], Decimal(2)) == 5 + Decimal(730 * 3600) / 1_000_000
    assert cost_of([cloud, edge], Decimal(11)) is None
