from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.model_build.gates import Measured, decide, judge_gates
from mobile_ai.model_build.recipe import GateSpec
from mobile_ai.model_build.results import (
    Agreement,
    ArtifactEvaluation,
    EvaluationReport,
    FairnessMeasurement,
    GroupQuality,
    InferenceCost,
    MetricEstimate,
    PairedDifference,
    Robustness,
    SplitDigest,
    Status,
)


def estimate(value, half=0.01):
    return MetricEstimate(value=value, low=value - half, high=value + half, n=2000, method="wilson")


def difference(loss, half=0.3):
    return PairedDifference(
        metric="accuracy",
        loss_pt=loss,
        low_pt=loss - half,
        high_pt=loss + half,
        discordant=9,
        n=2000,
        method="test",
    )


def odds(value, half=0.02):
    return FairnessMeasurement(
        attribute="sex",
        metric="equalized-odds-difference",
        estimate=estimate(value, half),
        worst_group="f",
        smallest_group=900,
        excluded={},
    )


def changed(value, half=0.015):
    change = MetricEstimate(
        value=value, low=value - half, high=value + half, n=2000, method="paired bootstrap-1000"
    )
    return replace(odds(0.05), change=change)


def sex(group, loss, half=0.3):
    return GroupQuality(
        attribute="sex",
        group=group,
        metric="accuracy",
        estimate=estimate(0.9),
        loss_pt=loss,
        loss_low_pt=loss - half,
        loss_high_pt=loss + half,
    )


def artifact(variant="int8"):
    profile = InferenceCost(
        runtime="ai-edge-litert",
        runtime_version="2",
        threads=1,
        latency_p50_ms=1.0,
        latency_p95_ms=2.0,
        latency_ratio_to_reference=1.0,
        peak_memory_bytes=1000,
        macs=10,
        energy_mj=0.1,
        energy_method="test",
    )
    return ArtifactEvaluation(
        variant=variant,
        format="tflite",
        file=f"{variant}.tflite",
        sha256="0" * 64,
        bytes=1000,
        measured=True,
        metric="accuracy",
        quality=estimate(0.95),
        parity=Agreement(top1_agreement=0.99, max_abs_error=0.1, n=2000),
        difference=difference(0.2),
        groups=(sex("f", 0.2), sex("m", 0.1)),
        fairness=(odds(0.05),),
        profile=profile,
    )


def verdict(gate, found=None, reference=None):
    found, reference = found or artifact(), reference or artifact("fp32")
    (result,) = judge_gates((gate,), (reference, found), reference="fp32")
    return result


def gate(kind, limit, **more):
    return GateSpec(gate=kind, variants=("int8",), limit=limit, **more)


@pytest.mark.parametrize(
    ("low", "value", "high", "expected"),
    [(0, 1, 2, Status.PASS), (1, 2, 3, Status.UNDECIDED), (2.1, 3, 4, Status.FAIL)],
)
def test_the_whole_interval_must_be_inside_the_limit(low, value, high, expected):
    assert decide(Measured(value=value, low=low, high=high), 2, basis="interval") is expected


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10))
def test_undecided_means_exactly_that_the_limit_is_inside_the_interval(value, half, limit):
    low, high = value - half, value + half
    found = decide(Measured(value=value, low=low, high=high), limit, basis="interval")
    assert (found is Status.UNDECIDED) == (low <= limit < high)


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_point_estimate_is_never_undecided(value, limit):
    found = decide(Measured(value=value, low=-99, high=99), limit, basis="point")
    assert found is (Status.PASS if value <= limit else Status.FAIL)


@given(st.floats(0, 1), st.floats(0, 0.2), st.floats(0, 1))
def test_where_less_is_worse_the_comparison_is_mirrored(value, half, limit):
    low, high = value - half, value + half
    up = decide(
        Measured(value=value, low=low, high=high, more_is_worse=False), limit, basis="interval"
    )
    down = decide(Measured(value=-value, low=-high, high=-low), -limit, basis="interval")
    assert up is down


def test_a_small_loss_passes_and_a_large_one_fails():
    assert verdict(gate("quality-loss", 1.0)).status is Status.PASS
    bad = replace(artifact(), difference=difference(3.0))
    assert verdict(gate("quality-loss", 1.0), bad).status is Status.FAIL


def test_an_undecided_loss_does_not_pass_and_says_what_to_do():
    found = verdict(gate("quality-loss", 1.0), replace(artifact(), difference=difference(0.9)))
    assert found.status is Status.UNDECIDED
    assert "more held-out rows" in found.reason


def test_a_point_verdict_says_that_the_interval_did_not_decide():
    found = verdict(
        gate("quality-loss", 1.0, basis="point"), replace(artifact(), difference=difference(0.9))
    )
    assert found.status is Status.PASS
    assert found.basis == "point"
    assert "was not asked to decide" in found.reason


def test_an_absent_number_fails():
    assert verdict(gate("quality", 0.5), replace(artifact(), quality=None)).status is Status.FAIL
    nothing = judge_gates((gate("size", 1),), (artifact("fp32"),), reference="fp32")
    assert nothing[0].status is Status.FAIL


def test_size_latency_memory_and_parity_have_limits():
    assert verdict(gate("size", 999)).status is Status.FAIL
    assert verdict(gate("latency", 2.0)).status is Status.PASS
    assert verdict(gate("memory", 999)).status is Status.FAIL
    assert verdict(gate("parity", 0.05)).status is Status.FAIL


def test_an_unfair_int8_file_is_rejected_where_the_fp32_file_passes():
    rule = GateSpec(
        gate="fairness",
        attribute="sex",
        metric="equalized-odds-difference",
        limit=0.1,
    )
    found = judge_gates(
        (rule,),
        (artifact("fp32"), replace(artifact(), fairness=(odds(0.2),))),
        reference="fp32",
    )
    assert [each.status for each in found] == [Status.PASS, Status.FAIL]


def test_fairness_may_not_become_worse_than_the_reference_by_more_than_the_limit():
    rule = gate("fairness-regression", 0.03, attribute="sex", metric="equalized-odds-difference")
    assert verdict(rule, replace(artifact(), fairness=(changed(0.01),))).status is Status.PASS
    assert verdict(rule, replace(artifact(), fairness=(changed(0.02),))).status is Status.UNDECIDED
    assert verdict(rule, replace(artifact(), fairness=(changed(0.09),))).status is Status.FAIL
    assert "not measured" in verdict(rule).reason


@pytest.mark.parametrize(("half", "expected"), [(0.5, Status.PASS), (1.5, Status.UNDECIDED)])
def test_a_loss_in_a_group_counts_with_its_interval(half, expected):
    rule = gate("fairness-regression", 1.0, attribute="sex")
    groups = (sex("f", 0.2, half), sex("m", 0.1, half))
    assert verdict(rule, replace(artifact(), groups=groups)).status is expected


@pytest.mark.parametrize(
    ("high", "expected"), [(0.02, Status.PASS), (0.04, Status.UNDECIDED), (None, Status.FAIL)]
)
def test_calibration_is_judged_with_its_interval_and_fails_unmeasured(high, expected):
    found = None if high is None else replace(estimate(0.015), low=0.01, high=high)
    rule = gate("calibration", 0.03)
    assert verdict(rule, replace(artifact(), calibration=found)).status is expected


def test_robustness_is_judged_by_the_corruption_that_the_gate_names():
    noise = Robustness(
        corruption="noise", severity=0.1, metric="accuracy", value=0.9, loss_pt=3.0,
        low_pt=2.0, high_pt=4.0,
    )  # fmt: skip
    found = replace(artifact(), robustness=(noise,))
    limits = {5.0: Status.PASS, 3.5: Status.UNDECIDED, 1.0: Status.FAIL}
    for limit, expected in limits.items():
        rule = gate("robustness", limit, attribute="noise")
        assert verdict(rule, found).status is expected
    assert verdict(gate("robustness", 99, attribute="typo"), found).status is Status.FAIL


@pytest.mark.parametrize(
    ("repeated", "expected"), [(0, Status.PASS), (39, Status.FAIL), (None, Status.FAIL)]
)
def test_held_out_rows_that_the_builder_had_fail_the_gate_on_duplicates(repeated, expected):
    split = SplitDigest(name="h", use="evaluation", rows=100, sha256="0" * 64, repeated=repeated)
    (result,) = judge_gates(
        (gate("duplicates", 0.05),), (artifact(),), reference="fp32", held_out=split
    )
    assert result.status is expected


def test_a_loss_hidden_in_one_group_fails_the_regression_gate():
    rule = gate("fairness-regression", 1.0, attribute="sex")
    hidden = replace(artifact(), groups=(sex("f", 4.0), sex("m", -3.0)))
    assert verdict(rule).status is Status.PASS
    assert verdict(rule, hidden).status is Status.FAIL


def test_a_star_leaves_out_what_cannot_be_measured_here_and_the_reference_of_a_comparison():
    apple = replace(artifact("coreml"), measured=False, quality=None)
    everything = (artifact("fp32"), artifact(), apple)
    size = judge_gates((GateSpec(gate="size", limit=2000),), everything, reference="fp32")
    loss = judge_gates((GateSpec(gate="quality-loss", limit=2),), everything, reference="fp32")
    assert [each.variant for each in size] == ["fp32", "int8"]
    assert [each.variant for each in loss] == ["int8"]


def report(*statuses):
    results = tuple(replace(verdict(gate("size", 2000)), status=status) for status in statuses)
    split = SplitDigest(name="h", use="evaluation", rows=1, sha256="0" * 64)
    return EvaluationReport(
        model="digits",
        version="1.0.0",
        held_out=split,
        reference="fp32",
        artifacts=(artifact(),),
        gates=results,
        method="test",
        machine="test",
    )


@pytest.mark.parametrize("bad", [Status.FAIL, Status.UNDECIDED])
def test_a_report_passes_only_if_every_gate_does(bad):
    assert report(Status.PASS, Status.PASS).passed
    assert not report(Status.PASS, bad).passed


def test_a_report_without_gates_does_not_pass():
    assert not report().passed
