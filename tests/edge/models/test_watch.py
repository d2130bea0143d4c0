"""Rollback watch over a new version: conditions that trip it, and those that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.edge.models.health import Watch, percentile
from mobile_ai.edge.models.settings import WatchSettings

LIMITS = WatchSettings(
    probation_seconds=600, window_seconds=60, min_runs=20, error_rate=0.05, slowdown=4.0
)


def fed(runs, *, reference=None, now=0.0, step=0.1):
    """Return the reason why a watch tripped after runs of (milliseconds, failed)."""
    watch, said = Watch(LIMITS, now=0.0, reference=reference), None
    for milliseconds, failed in runs:
        said = watch.observe(now=now, rows=1, seconds=milliseconds / 1000, failed=failed)
        now += step
    return said


GOOD, BAD = (1.0, False), (1.0, True)


@pytest.mark.parametrize(
    ("runs", "trips"),
    [
        ([GOOD] * 500, False),
        ([BAD] * 19, False),  # too few to judge
        ([BAD] * 20, True),
        ([GOOD] * 95 + [BAD] * 5, False),  # exactly the rate allowed
        ([GOOD] * 94 + [BAD] * 6, True),
        ([GOOD] * 5_000 + [BAD] * 60, True),  # runs outside the window do not count
    ],
)
def test_failures_trip_it(runs, trips):
    assert (fed(runs) is not None) == trips


@pytest.mark.parametrize(
    ("milliseconds", "reference", "trips"),
    [(3.0, 0.001, False), (5.0, 0.001, True), (5.0, None, False)],
)
def test_slowness_against_the_version_before_trips_it(milliseconds, reference, trips):
    assert (fed([(milliseconds, False)] * 30, reference=reference) is not None) == trips


def test_what_a_busy_neighbour_slows_down_does_not_trip_it():
    runs = ([GOOD] * 3 + [(90.0, False)] * 2) * 20

    assert fed(runs, reference=0.001) is None


def test_after_probation_nothing_trips_it():
    assert fed([BAD] * 100, now=600.0) is None


def test_a_tripped_watch_stays_tripped():
    watch = Watch(LIMITS, now=0.0)
    for at in range(20):
        watch.observe(now=at, rows=1, seconds=0.001, failed=True)
    reason = watch.tripped

    assert reason == "20 of 20 runs failed; at most 5% may"
    assert watch.observe(now=10_000, rows=1, seconds=0.001, failed=False) == reason


def test_the_time_of_a_batch_counts_by_row():
    watch = Watch(LIMITS, now=0.0, reference=0.001)
    for at in range(40):
        assert watch.observe(now=at, rows=32, seconds=0.032, failed=False) is None
    assert watch.median() == pytest.approx(0.001, rel=0.11)


@given(st.lists(st.floats(1e-6, 100), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_within_a_bin_of_the_true_one(seconds, share):
    watch = Watch(WatchSettings(min_runs=1), now=0.0)
    for one in seconds:
        watch.observe(now=0.0, rows=1, seconds=one, failed=False)
    ordered = sorted(seconds)
    true = ordered[max(0, -(-int(share * 1e9) * len(ordered) // 10**9) - 1)]

    found = percentile(watch._bins(), share)

    assert true <= found * 1.0001
    assert found <= ordered[-1] * 1.1001


@given(
    st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60),
    st.integers(1, 30),
    st.floats(0.01, 1),
)
def test_it_trips_exactly_when_a_window_has_enough_runs_and_too_many_failures(
    events, min_runs, rate
):
    limits = WatchSettings(min_runs=min_runs, error_rate=rate, window_seconds=60)
    watch = Watch(limits, now=0.0)
    tripped, runs, failures = False, 0, 0
    for at, failed in sorted(events):  # all in one window: plain counting is the oracle
        watch.observe(now=at, rows=1, seconds=0.001, failed=failed)
        runs, failures = runs + 1, failures + failed
        tripped = tripped or (runs >= min_runs and failures > rate * runs)
    assert (watch.tripped is not None) == tripped
