"""Comparison of a new model version with its predecessor, from manifests in the plan."""

from typing import Any

import pytest

from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.gate.report.models import model_changes
from mobile_ai.testing.version import manifest_with
from tests.pricing.support import deployment, resource

NEW, OLD = "f" * 64, "0" * 64


def _fair(metric: str, value: float):
    interval = {"low": 0, "high": 1}
    return {
        "attribute": "group",
        "metric": metric,
        "value": value,
        "interval": interval,
        "worstGroup": "b",
        "n": 9,
    }


def _slow(p95: float):
    return {"latencyP50Ms": 0, "latencyP95Ms": p95}  # no median known


def version(sha256: str, *, quality: float = 0.95, gap: float | None = None, **artifact: Any):
    row = {
        "variant": "int8",
        "bytes": 100_000,
        "quality": {"metric": "accuracy", "value": quality},
        "profile": _slow(2),
        "fairness": [] if gap is None else [_fair("accuracy-gap", gap)],
        **artifact,
    }
    return resource(
        "mobileai:index:ModelVersion",
        {"sha256": sha256, "manifest": manifest_with(row)},
        name=sha256[:2],
    )


def pinned(sha256: str, number: str, **changes: Any):
    model = {"id": "digits", "version": number, "sha256": sha256}
    place = [
        {"target": "on-device", "variant": "int8"},
        {"target": "edge", "variant": "int8", "site": "lab"},
    ]
    return deployment(aiModel={**model, **changes}, placement=place)


PREVIOUS = {"version": "1.0.0", "sha256": OLD}


def figures(*after: Any, before: tuple[Any, ...] = ()) -> dict[str, Any]:
    (found,) = model_changes(after, before)
    (variant,) = found.variants
    return {item.name: item for item in variant.figures}


def test_a_first_deployment_is_compared_with_the_version_to_go_back_to():
    plan = [version(NEW), version(OLD), pinned(NEW, "1.1.0", previous=PREVIOUS)]

    (found,) = model_changes(plan)

    assert (found.prior_version, found.version, found.deployed) == ("1.0.0", "1.1.0", False)
    assert found.variants[0].targets == ("on-device", "lab")


def test_what_is_deployed_is_compared_with_before_what_could_be_gone_back_to():
    plan = [version(NEW), pinned(NEW, "1.2.0", previous=PREVIOUS)]
    state = [version("1" * 64, quality=0.9), pinned("1" * 64, "1.1.0")]

    (found,) = model_changes(plan, state)

    assert (found.prior_version, found.deployed) == ("1.1.0", True)
    assert figures(*plan, before=tuple(state))["accuracy"].prior == 0.9


def test_a_deployment_that_keeps_its_version_has_no_model_change():
    plan = [version(NEW), pinned(NEW, "1.1.0", previous=PREVIOUS)]

    assert model_changes(plan, plan) == ()


def test_quality_fairness_size_and_latency_know_which_way_is_better():
    new = version(NEW, quality=0.9, gap=0.02, bytes=90_000, profile=_slow(3))
    old = version(OLD, quality=0.95, gap=0.03)

    found = figures(new, old, pinned(NEW, "1.1.0", previous=PREVIOUS))

    assert {name: item.worse for name, item in found.items()} == {
        "accuracy": True,
        "group gap": False,
        "size": False,
        "latency p95": True,
    }
    assert (found["size"].prior, found["size"].proposed, found["size"].unit) == (100, 90, "kB")


def test_accuracy_of_the_worst_group_is_no_gap_and_better_when_it_is_higher():
    new, old = (
        version(sha256, fairness=[_fair("worst-group-accuracy", value), _fair("accuracy-gap", gap)])
        for sha256, value, gap in ((NEW, 0.7, 0.02), (OLD, 0.79, 0.03))
    )

    found = figures(new, old, pinned(NEW, "1.1.0", previous=PREVIOUS))

    assert (found["group gap"].prior, found["group gap"].proposed) == (0.03, 0.02)
    assert not found["group gap"].worse
    assert found["group worst group"].worse


LATENCIES = {
    # Two builds of one architecture on a busy machine: the int4 files of the sample `digits`.
    "tail of a busy machine": ((0.0952, 0.184), (0.1021, 1.095), "within noise", False),
    "median moved by the bound": ((1.0, 2.0), (1.1, 3.0), "within noise", False),
    "slower": ((1.0, 2.0), (1.11, 2.3), "", True),
    "faster": ((1.0, 2.0), (0.8, 1.5), "", False),
    "same tail": ((1.0, 2.0), (1.2, 2.0), "", False),
    "median and tail disagree": ((1.0, 2.0), (0.8, 2.5), "within noise", False),
    # A 0 says that nothing was measured.
    "nothing to compare with": ((1.0, 0), (1.0, 2.0), "", False),
    "no median known": ((0, 2.0), (1.0, 2.1), "", True),
}


@pytest.mark.parametrize("case", LATENCIES)
def test_latency_is_worse_only_if_the_median_is_slower_too(case):
    prior, proposed, note, worse = LATENCIES[case]
    new, old = (
        version(sha256, profile={"latencyP50Ms": p50, "latencyP95Ms": p95})
        for sha256, (p50, p95) in ((NEW, proposed), (OLD, prior))
    )
    figure = figures(new, old, pinned(NEW, "1.1.0", previous=PREVIOUS))["latency p95"]
    assert (figure.note, figure.worse) == (note, worse)


def test_latency_of_another_machine_is_not_compared():
    new, old = (
        version(sha256, profile={"machine": machine, "latencyP50Ms": p50, "latencyP95Ms": p50})
        for sha256, machine, p50 in ((NEW, "arm64", 9.0), (OLD, "x86_64", 1.0))
    )
    figure = figures(new, old, pinned(NEW, "1.1.0", previous=PREVIOUS))["latency p95"]
    assert (figure.note, figure.worse) == ("other machine", False)


def test_a_variant_that_the_older_version_lacks_has_no_prior_figures():
    found = figures(version(NEW), pinned(NEW, "1.1.0", previous=PREVIOUS))

    assert {item.prior for item in found.values()} == {None}
    assert not any(item.worse for item in found.values())


def test_a_rollout_says_how_many_devices_its_stage_reaches():
    rings = [{"name": "canary", "percent": 5}, {"name": "all", "percent": 100}]
    rollout = {"stage": "canary", "rings": rings, "halted": False}
    moved = deployment(aiModel={"sha256": NEW}, rollout=rollout)

    (found,) = model_changes([moved])

    assert (found.rollout.percent, found.rollout.devices) == (5, 50)
    assert found.rollout.rings == ("canary 5 %", "all 100 %")


def test_a_plan_that_nobody_can_read_is_left_to_the_rules():
    unclear = deployment(aiModel=UNKNOWN, rollout=7, placement="x", usage=None)

    (found,) = model_changes([unclear, resource("mobileai:index:ModelVersion", {"manifest": ":["})])

    assert (found.version, found.variants) == ("", ())
