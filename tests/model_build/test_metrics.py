import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.model_build import metrics


def one_hot(classes, width=3):
    return np.eye(width)[np.asarray(classes)]


@given(right=st.integers(0, 200), wrong=st.integers(0, 200))
def test_the_wilson_interval_holds_the_share_and_stays_between_zero_and_one(right, wrong):
    if right + wrong == 0:
        return
    found = metrics.wilson(right, right + wrong)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_wilson_interval_agrees_with_a_published_value():
    # Newcombe 1998, table I, method 3: 81 of 263 gives 0.2553 to 0.3662.
    found = metrics.wilson(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)


def test_accuracy_of_no_rows_is_refused():
    with pytest.raises(ValueError, match="no rows"):
        metrics.accuracy(np.zeros((0, 3)), np.zeros(0, dtype=np.int64))


def test_a_variant_that_answers_alike_loses_nothing_and_its_interval_is_narrow():
    labels = np.zeros(2000, dtype=np.int64)
    found = metrics.paired_difference(one_hot(labels), one_hot(labels), labels)
    assert found.loss_pt == 0
    assert found.discordant == 0
    assert found.high_pt < 0.2


def test_loss_is_positive_when_the_variant_is_worse():
    labels = np.zeros(100, dtype=np.int64)
    worse = one_hot([1] * 5 + [0] * 95)
    found = metrics.paired_difference(one_hot(labels), worse, labels)
    assert found.loss_pt == pytest.approx(5)
    assert found.low_pt < 5 < found.high_pt


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_swapping_the_two_models_turns_the_difference_around(pairs):
    a, b = (one_hot(side) for side in zip(*pairs, strict=True))
    labels = np.zeros(len(pairs), dtype=np.int64)
    there = metrics.paired_difference(a, b, labels)
    back = metrics.paired_difference(b, a, labels)
    assert there.loss_pt == pytest.approx(-back.loss_pt)
    assert there.low_pt == pytest.approx(-back.high_pt)


def test_parity_counts_equal_answers_and_the_largest_error():
    before, after = one_hot([0, 1, 2, 0]), one_hot([0, 1, 2, 1]) * 1.5
    found = metrics.parity(before, after)
    assert found.top1_agreement == 0.75
    assert found.max_abs_error == 1.5


def test_calibration_error_is_zero_for_the_surely_right_and_one_for_the_surely_wrong():
    logits = one_hot([0, 1, 2]) * 1000
    assert metrics.calibration_error(logits, np.array([0, 1, 2])).value == pytest.approx(0)
    assert metrics.calibration_error(logits, np.array([1, 2, 0])).value == pytest.approx(1)


def test_softmax_of_huge_logits_does_not_overflow():
    assert metrics.softmax(np.array([[1e4, 0.0]])).tolist() == [[1.0, 0.0]]


def test_calibration_error_is_that_of_its_definition_and_lies_in_its_interval():
    generator = np.random.default_rng(3)
    logits, labels = generator.normal(0, 2, (700, 4)), generator.integers(0, 4, 700)
    found = metrics.calibration_error(logits, labels)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (sure >= low) & ((sure < low + 1 / 15) | (low + 1 / 15 > 0.999))
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.low <= found.value <= found.high
