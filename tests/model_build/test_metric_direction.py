"""The builder's gates, the pack and the report use the same direction for each metric."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.manifest import GroupSlice, Interval, Measurement
from mobile_ai.contracts.metrics import METRICS, NO_MEASURE_OF_TRUTH, metric_named
from mobile_ai.gate.report.sections import Figure
from mobile_ai.governance.rules.quality import _insufficient, _unequal, _unjudgeable
from mobile_ai.model_build.fairness import _METRICS as MEASURED
from mobile_ai.model_build.gates import decide, judge_gates
from mobile_ai.model_build.recipe import RECIPES, GateSpec, load_recipe
from mobile_ai.model_build.results import (
    ArtifactEvaluation,
    FairnessMeasurement,
    MetricEstimate,
    Status,
)

pytestmark = pytest.mark.build

OF_GROUPS = [item for item in METRICS.values() if item.of_groups]
SHARE = st.floats(0, 1, allow_nan=False).map(lambda value: round(value, 4))


def of_the_builder(metric, low, high, limit):
    """Return the result of the builder's fairness gate for an interval."""
    estimate = MetricEstimate(value=low, low=low, high=high, method="test", n=900)
    found = FairnessMeasurement(
        attribute="sex",
        metric=metric.name,
        estimate=estimate,
        worst_group="f",
        smallest_group=900,
        excluded={},
    )
    gate = GateSpec(
        gate="fairness", variants=("int8",), attribute="sex", metric=metric.name, limit=limit
    )
    artifact = evaluated(fairness=(found,))
    (result,) = judge_gates((gate,), (artifact,), reference="int8")
    return result.status


def evaluated(**changes):
    fields = {item.name: None for item in dataclasses.fields(ArtifactEvaluation)}
    fields |= {"variant": "int8", "fairness": (), "groups": (), "bytes": 1, "metric": "accuracy"}
    return ArtifactEvaluation(**{**fields, **changes})


def of_the_pack(metric, low, high, limit):
    """Return whether the pack's fairness rule denies an interval at a limit."""
    stated = Measurement(
        metric=metric.name,
        slice=(GroupSlice(attribute="sex", group="f", worst=True),),
        value=low,
        interval=Interval(low=low, high=high, method="test"),
        n=900,
        rows="unknown",
        by="evaluator",
    )
    case = SimpleNamespace(parameters={"maximum": limit, "minimum": limit})
    return bool(_unjudgeable(stated, of_groups=True) or _unequal(stated, case))


@pytest.mark.parametrize("metric", OF_GROUPS, ids=lambda item: item.name)
@given(ends=st.tuples(SHARE, SHARE), limit=SHARE)
def test_builder_and_pack_agree_which_side_of_a_limit_is_good(metric, ends, limit):
    low, high = sorted(ends)
    denied = of_the_pack(metric, low, high, limit)
    assert denied == (of_the_builder(metric, low, high, limit) is not Status.PASS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda item: item.name)
@given(ends=st.tuples(SHARE, SHARE))
def test_report_calls_worse_what_a_gate_would_not_pass(metric, ends):
    prior, proposed = ends
    figure = Figure(name=metric.name, prior=prior, proposed=proposed, better=metric.better)
    measured = SimpleNamespace(
        value=proposed, low=None, high=None, more_is_worse=metric.more_is_worse
    )
    assert figure.worse == (decide(measured, prior, basis="point") is Status.FAIL)


QUALITY = [
    *(
        item
        for item in METRICS.values()
        if item.kind == "quality" and item.name not in NO_MEASURE_OF_TRUTH
    ),
    metric_named("reading-speed/lower"),
    metric_named("reading-speed/higher"),
]


@pytest.mark.parametrize("metric", QUALITY, ids=lambda item: item.name)
@given(ends=st.tuples(SHARE, SHARE), limit=SHARE)
def test_builder_and_pack_agree_on_quality(metric, ends, limit):
    low, high = (max(metric.low, end + max(0, metric.low)) for end in sorted(ends))
    limit += max(0, metric.low)
    estimate = MetricEstimate(value=low, low=low, high=high, method="test", n=900)
    gate = GateSpec(gate="quality", variants=("int8",), limit=limit)
    artifact = evaluated(quality=estimate, metric=metric.name)
    (result,) = judge_gates((gate,), (artifact,), reference="int8")
    stated = Measurement(
        metric=metric.name,
        value=low,
        interval=Interval(low=low, high=high, method="test"),
        n=900,
        rows="unknown",
        by="evaluator",
    )
    case = SimpleNamespace(parameters={"minimum": 2.0, "limits": {metric.name: limit}})
    denied = bool(_unjudgeable(stated, of_groups=False) or _insufficient(stated, case))
    assert denied == (result.status is not Status.PASS)


@pytest.mark.parametrize("limits", [{}, {"rmse": True}, {"rmse": "2"}, {"rmse": None}])
def test_a_metric_without_a_limit_in_the_config_is_denied(limits):
    interval = Interval(low=0.1, high=0.2, method="test")
    stated = Measurement(
        metric="rmse", value=0.15, interval=interval, n=900, rows="unknown", by="evaluator"
    )
    case = SimpleNamespace(parameters={"minimum": 0.8, "limits": limits})
    assert "`limits`" in _insufficient(stated, case)[1]


def test_accuracy_of_the_worst_group_is_good_when_it_is_high():
    worst = METRICS["worst-group-accuracy"]
    assert not of_the_pack(worst, 0.75, 0.83, 0.7)
    assert of_the_pack(worst, 0.02, 0.05, 0.7)


def test_everything_that_the_builder_measures_of_groups_is_in_the_table():
    assert {item.name for item in MEASURED} == {item.name for item in OF_GROUPS}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.01, 1.01, 79.0])
def test_a_value_outside_of_its_range_is_not_possible(value):
    assert not METRICS["accuracy"].possible(value)


def test_a_recipe_with_a_gate_on_an_unknown_metric_is_refused(tmp_path):
    text = (RECIPES / "offer.yaml").read_text()
    path = tmp_path / "offer.yaml"
    path.write_text(text.replace("worst-group-accuracy", "worst-group-acuracy"))
    with pytest.raises(Exception, match="worst-group-acuracy"):
        load_recipe(path)


def test_quality_without_a_known_metric_is_not_measured():
    gate = GateSpec(gate="quality", variants=("int8",), limit=0.5)
    quality = MetricEstimate(value=0.9, low=0.88, high=0.92, method="test", n=900)
    found = [
        judge_gates((gate,), (evaluated(quality=quality, metric=name),), reference="int8")[0].status
        for name in ("accuracy", "unheard-of")
    ]
    assert found == [Status.PASS, Status.FAIL], json.dumps([str(item) for item in found])
