"""A metric's figure is possible or refused, whatever a manifest states."""

from math import inf, nan

import pytest

from mobile_ai.contracts.metrics import METRICS, metric_named


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_only_figures_in_the_range_are_possible(metric) -> None:
    assert metric.possible(metric.low, min(metric.high, 1e9))
    for value in (nan, inf, -inf, metric.low - 1e-9, metric.high + 1e-9):
        assert not metric.possible(metric.low, value)


def test_the_direction_says_which_change_is_worse() -> None:
    assert not METRICS["accuracy"].more_is_worse
    assert METRICS["accuracy-gap"].more_is_worse


def test_a_metric_of_ones_own_has_the_direction_that_its_name_states() -> None:
    stated = metric_named("reading-speed/lower")
    assert stated is not None
    assert stated.more_is_worse
    assert stated.meets(3.0, 4.0)
    assert not stated.meets(5.0, 4.0)


@pytest.mark.parametrize(
    "name", ["", "unheard-of", "accuracy/lower", "rmse/lower", "x/down", "A/lower", "x/lower\n"]
)
def test_a_name_without_a_direction_or_with_another_one_is_refused(name) -> None:
    assert metric_named(name) is None
