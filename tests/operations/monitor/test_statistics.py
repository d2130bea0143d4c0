"""Distances and intervals against their definitions, SciPy and published numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency

from mobile_ai.operations.monitor.statistics import (
    chi_square,
    jensen_shannon,
    newcombe,
    overdispersion,
    psi,
    psi_bias,
    wilson,
)

COUNTS = st.lists(st.integers(0, 10_000), min_size=3, max_size=12).map(
    lambda values: np.array([*values, 1], float)
)


def test_psi_is_its_definition():
    now, before = np.array([1e9, 3e9]), np.array([2e9, 2e9])

    expected = (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.75 - 0.5) * math.log(0.75 / 0.5)
    assert psi(now, before) == pytest.approx(expected)


@given(COUNTS)
def test_nothing_is_far_from_itself(counts):
    assert psi(counts, counts) == pytest.approx(0)
    assert jensen_shannon(counts, counts) == pytest.approx(0, abs=1e-6)
    assert chi_square(counts, counts) == pytest.approx(1)


@given(COUNTS, st.randoms())
def test_distances_are_symmetric_and_bounded(counts, random):
    other = np.array(random.sample(list(counts), len(counts)))

    assert psi(counts, other) == pytest.approx(psi(other, counts))
    assert 0 <= jensen_shannon(counts, other) <= 1
    assert jensen_shannon(counts, other) == pytest.approx(
        jensenshannon(counts, other, base=2), abs=1e-6
    )


def test_the_bias_is_the_mean_of_the_index_where_nothing_changed():
    rng, shares = np.random.default_rng(1), np.full(10, 0.1)
    drawn = [psi(rng.multinomial(1000, shares), rng.multinomial(5000, shares)) for _ in range(2000)]

    assert np.mean(drawn) == pytest.approx(psi_bias(10, 1000, 5000), rel=0.1)


def test_chi_square_is_the_one_of_scipy():
    now, before = np.array([12, 30, 8, 0]), np.array([100, 200, 90, 0])

    table = np.array([now[:3], before[:3]])
    assert chi_square(now, before) == pytest.approx(chi2_contingency(table, correction=False)[1])


def test_one_bin_or_nothing_counted_says_nothing():
    assert chi_square(np.array([5.0]), np.array([7.0])) == 1
    assert chi_square(np.zeros(3), np.ones(3)) == 1
    assert wilson(0, 0, z=1.96) == (0, 1)


def test_the_interval_of_a_difference_is_newcombes_example():
    # Newcombe 1998, table II, case (a), method 10: 56/70 against 48/80.
    difference, low, high = newcombe(56, 70, 48, 80, z=1.959964)

    assert (round(difference, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)


def test_dispersion_is_one_for_chance_and_more_where_windows_differ():
    rng = np.random.default_rng(2)
    steady = rng.multinomial(1000, np.full(10, 0.1), size=50)
    moving = np.array([rng.multinomial(1000, rng.dirichlet(np.full(10, 50))) for _ in range(50)])

    assert overdispersion([steady]) == pytest.approx(1, abs=0.2)
    assert overdispersion([moving]) > 2
    assert overdispersion([steady[:1]]) == 1
