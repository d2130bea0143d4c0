import numpy as np
import pytest

from mobile_ai.contracts.metrics import METRICS
from mobile_ai.model_build.errors import RecipeError
from mobile_ai.model_build.fairness import FairnessPlan, fairness, group_quality, members

PLAN = FairnessPlan(positive=1, minimum_group=50, rounds=200, seed=1)


def people(women=200, men=200):
    groups = np.array(["f"] * women + ["m"] * men)
    labels = np.tile([0, 1], (women + men) // 2)
    return groups, labels


def by_metric(results):
    return {each.metric: each for each in results}


def test_answers_that_ignore_the_group_show_no_difference():
    groups, labels = people()
    found = by_metric(fairness(labels, labels, groups, attribute="sex", plan=PLAN))
    assert found["equalized-odds-difference"].estimate.value == 0
    assert found["worst-group-accuracy"].estimate.value == 1


def test_refusing_every_woman_shows_in_every_metric_and_names_them():
    groups, labels = people()
    predicted = np.where(groups == "f", 0, labels)
    found = by_metric(fairness(predicted, labels, groups, attribute="sex", plan=PLAN))
    assert found["demographic-parity-difference"].estimate.value == pytest.approx(0.5)
    assert found["equalized-odds-difference"].estimate.value == pytest.approx(1.0)
    assert found["accuracy-gap"].estimate.value == pytest.approx(0.5)
    assert {each.worst_group for each in found.values()} == {"f"}


def test_a_group_wrongly_accepted_more_often_is_the_worst_group_of_equalized_odds():
    groups, labels = people()
    predicted = np.where((groups == "m") & (labels == 0), 1, labels)
    found = by_metric(fairness(predicted, labels, groups, attribute="sex", plan=PLAN))
    assert found["equalized-odds-difference"].worst_group == "m"


def test_a_group_below_the_minimum_is_left_out_and_named():
    groups, labels = people()
    groups[:20] = "x"
    found = fairness(labels, labels, groups, attribute="sex", plan=PLAN)
    assert found[0].excluded == {"x": 20}
    assert found[0].smallest_group == 180


def test_one_group_alone_has_no_difference_to_measure():
    groups, labels = people()
    assert fairness(labels, labels, np.full_like(groups, "f"), attribute="sex", plan=PLAN) == ()


def test_the_interval_holds_the_value_and_narrows_with_more_people():
    generator = np.random.default_rng(0)
    widths = []
    for size in (200, 3200):
        groups, labels = people(size, size)
        predicted = np.where(generator.random(2 * size) < 0.9, labels, 1 - labels)
        found = fairness(predicted, labels, groups, attribute="sex", plan=PLAN)[0].estimate
        assert found.low <= found.value <= found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]


def test_group_quality_says_what_each_group_lost_against_the_reference():
    groups, labels = people()
    predicted = np.where(groups == "f", 0, labels)
    found = group_quality(predicted, labels, {"sex": groups}, reference=labels)
    assert {each.group: each.loss_pt for each in found} == {"f": 50.0, "m": 0.0}


def test_a_change_is_the_difference_of_the_two_figures_with_a_paired_interval():
    generator = np.random.default_rng(4)
    groups, labels = people(600, 600)
    before = np.where(generator.random(1200) < 0.1, 1 - labels, labels)
    worse = (groups == "f") & (generator.random(1200) < 0.3)
    after = np.where(worse, 0, before)
    was = by_metric(fairness(before, labels, groups, attribute="sex", plan=PLAN))
    now = by_metric(fairness(after, labels, groups, attribute="sex", plan=PLAN, reference=before))
    for name, item in now.items():
        sign = 1 if METRICS[name].more_is_worse else -1
        difference = sign * (item.estimate.value - was[name].estimate.value)
        assert item.change.value == pytest.approx(difference)
        assert item.change.low <= item.change.value <= item.change.high
        assert item.change.low > 0


def test_equal_answers_are_no_change_at_all():
    groups, labels = people()
    guess = np.roll(labels, 7)
    for item in fairness(guess, labels, groups, attribute="sex", plan=PLAN, reference=guess):
        assert (item.change.low, item.change.value, item.change.high) == (0, 0, 0)


def test_an_intersection_is_measured_in_groups_that_are_large_enough():
    sex = np.repeat(["f", "m"], 300)
    age = np.tile(["old", "old", "young"], 200)
    age[:20] = "child"
    labels = np.tile([0, 1], 300)
    both = members({"sex": sex, "age": age}, "sex x age")
    hit = (both == "f x young") & (labels == 1)
    found = by_metric(
        fairness(np.where(hit, 0, labels), labels, both, attribute="sex x age", plan=PLAN)
    )
    assert found["worst-group-accuracy"].worst_group == "f x young"
    assert found["worst-group-accuracy"].excluded == {"f x child": 20}


def test_groups_of_an_intersection_must_have_names_that_can_be_told_apart():
    groups = {"sex": np.array(["f x m", "m"]), "age": np.array(["old", "young"])}
    with pytest.raises(RecipeError, match="f x m"):
        members(groups, "sex x age")
