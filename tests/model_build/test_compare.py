"""The Pareto front and the recommendation per device class."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.model_build.assemble import assemble
from mobile_ai.model_build.compare import (
    Candidate,
    CompareError,
    candidates_of,
    front,
    plot_front,
    recommend_variants,
)
from mobile_ai.model_build.writer import write_version
from tests.model_build.versions import NOW, build_result, estimate, report_on


def candidate(name: str = "digits 1.0.0 int8", **changes: object) -> Candidate:
    value = Candidate(
        name=name, format="tflite", bytes=100, latency_ms=1.0, energy_mj=1.0, quality=0.945,
        loss_pt=0.5,
    )  # fmt: skip
    return dataclasses.replace(value, **changes)


SMALL = candidate("digits 1.0.0 int4", bytes=50, quality=0.941, loss_pt=0.9, latency_ms=2.0)
GOOD = candidate("digits 1.0.0 fp32", bytes=400, quality=0.95, loss_pt=0.0, energy_mj=4.0)
THRIFTY = candidate("digits 1.0.0 int8", bytes=100, latency_ms=0.5)
COSTS = st.integers(1, 4)


def test_a_variant_that_is_beaten_in_everything_is_not_on_the_front():
    worse = candidate("digits 1.0.0 worse", bytes=500, quality=0.89)
    assert front([THRIFTY, worse]) == [THRIFTY]


def test_a_variant_that_is_best_in_one_thing_is_on_the_front():
    assert front([SMALL, GOOD, THRIFTY]) == [SMALL, GOOD, THRIFTY]


def test_what_was_not_measured_beats_nothing():
    unknown = candidate("digits 1.0.0 x", quality=None, latency_ms=None, energy_mj=None)
    assert front([unknown, THRIFTY]) == [THRIFTY]


def test_formats_do_not_replace_each_other():
    onnx = candidate("digits 1.0.0 int8-onnx", format="onnx", bytes=999, quality=0.1)
    assert onnx in front([THRIFTY, onnx])


def test_nothing_has_no_front():
    with pytest.raises(CompareError):
        front([])


@given(st.lists(st.tuples(COSTS, COSTS, COSTS), min_size=1, max_size=12))
def test_everything_off_the_front_is_beaten_by_something_on_it(rows):
    items = [
        candidate(f"m v {number}", bytes=size, latency_ms=late, quality=good)
        for number, (size, late, good) in enumerate(rows)
    ]
    best = front(items)
    assert best
    for item in items:
        if item not in best:
            assert any(
                other.bytes <= item.bytes
                and other.latency_ms <= item.latency_ms
                and other.quality >= item.quality
                for other in best
            )


def test_each_device_class_gets_what_it_weighs_most():
    choices = {
        item.device_class: item
        for item in recommend_variants([SMALL, GOOD, THRIFTY], max_loss_pt=1)
    }
    assert {name: item.variant.split()[-1] for name, item in choices.items()} == {
        "entry": "int4",
        "mid-range": "int8",
        "high-end": "fp32",
    }
    assert "50 bytes" in choices["entry"].reason


def test_a_variant_that_loses_too_much_is_not_recommended():
    choices = recommend_variants([SMALL, THRIFTY], max_loss_pt=0.6)
    assert {item.variant for item in choices} == {THRIFTY.name}


def test_without_a_fit_variant_the_reason_says_so():
    choice = recommend_variants([SMALL], max_loss_pt=0.1)[0]
    assert choice.variant == ""
    assert "at most 0.1 pt" in choice.reason


BETTER = candidate("digits 1.1.0 int8", latency_ms=1.07, quality=0.965, loss_pt=0.1)
WORSE = candidate("digits 1.0.0 int8", latency_ms=1.0, quality=0.945, loss_pt=0.1)


def recommended(*candidates: Candidate, max_loss_pt: float = 1) -> dict[str, str]:
    found = recommend_variants(candidates, max_loss_pt=max_loss_pt)
    return {item.device_class: item.variant for item in found}


@pytest.mark.parametrize("max_loss_pt", [1, 5])
def test_two_points_are_not_given_up_for_noise_of_the_latency(max_loss_pt):
    assert front([WORSE, BETTER]) == [BETTER]
    assert set(recommended(WORSE, BETTER, max_loss_pt=max_loss_pt).values()) == {BETTER.name}


def test_a_real_difference_of_latency_counts_within_the_loss_that_is_accepted():
    fast = dataclasses.replace(WORSE, latency_ms=0.5)
    assert front([fast, BETTER]) == [fast, BETTER]
    assert recommended(fast, BETTER)["mid-range"] == BETTER.name
    assert recommended(fast, BETTER, max_loss_pt=2.5)["mid-range"] == fast.name


def test_intervals_decide_where_they_are_stated():
    apart = dataclasses.replace(WORSE, latency_ms=1.0, interval=(0.99, 1.01))
    other = dataclasses.replace(BETTER, latency_ms=1.07, interval=(1.06, 1.08))
    assert apart.faster(other)
    assert not apart.faster(dataclasses.replace(other, interval=(1.0, 1.14)))
    assert not apart.faster(dataclasses.replace(other, machine="another"))


def test_lower_is_better_where_the_metric_says_so():
    good = candidate("speech 1.0.0 a", metric="wer", quality=0.10, loss_pt=0.0)
    bad = candidate("speech 1.0.0 b", metric="wer", quality=0.20, loss_pt=10.0)
    assert front([good, bad]) == [good]
    assert recommended(good, bad)["high-end"] == good.name


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.floats(0.1, 10), st.floats(1, 1.5), st.integers(1, 3)),
        min_size=1,
        max_size=10,
    )
)
def test_a_front_is_never_empty_and_nothing_on_it_is_beaten(rows):
    items = [
        candidate(
            f"m v {at}", bytes=size, latency_ms=late, quality=good / 100,
            interval=(late / wide, late * wide),
        )
        for at, (size, late, wide, good) in enumerate(rows)
    ]  # fmt: skip
    best = front(items)
    assert best
    assert front(best) == best


def test_candidates_come_from_what_the_manifest_says_was_measured(tmp_path):
    build = build_result(tmp_path / "work")
    report = report_on(build)
    worse = dataclasses.replace(report.artifacts[1], quality=estimate(0.976))
    report = dataclasses.replace(
        report, artifacts=(report.artifacts[0], worse, report.artifacts[2])
    )
    draft = assemble(build, report, created=NOW, commit="unknown")
    version = write_version(draft, {}, models=tmp_path / "models")
    found = candidates_of(version.folder / "manifest.yaml")
    assert [item.name for item in found][1] == "digits 1.0.0 int8"
    assert (found[0].loss_pt, found[1].loss_pt) == (0.0, pytest.approx(0.5))


@pytest.mark.build
def test_a_picture_is_drawn(tmp_path):
    plot_front([SMALL, GOOD, THRIFTY], tmp_path / "pictures" / "front.png")
    assert (tmp_path / "pictures" / "front.png").read_bytes().startswith(b"\x89PNG")
