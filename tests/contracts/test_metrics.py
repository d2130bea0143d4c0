"""A metric's figure is possible or refused, whatever a manifest states."""

from math import inf, nan

import pytest

from mobile_ai.contracts.metrics import METRICS


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_only_figures_in_the_range_are_possible(metric) -> None:
    assert metric.possible(metric.low, metric.high)
    for value in (nan, inf, -inf, metric.low - 1e-9, metric.high + 1e-9):
        assert not metric.possible(metric.low, value)


def test_the_direction_says_which_change_is_worse() -> None:
    assert not METRICS["accuracy"].more_is_worse
    assert METRICS["accuracy-gap"].more_is_worse
