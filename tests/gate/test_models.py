"""What a new version does better and worse, from the manifests in the plan."""

import json
from typing import Any

from governance.reading import UNKNOWN

from gate.models import model_changes
from tests.governance_cost.support import deployment, resource

NEW, OLD = "f" * 64, "0" * 64


def version(sha256: str, *, quality: float = 0.95, gap: float | None = None, **artifact: Any):
    row = {
        "variant": "int8",
        "bytes": 100_000,
        "quality": {"metric": "accuracy", "value": quality},
        "profile": {"latencyP95Ms": 2},
        "fairness": [] if gap is None else [{"attribute": "group", "value": gap}],
        **artifact,
    }
    manifest = json.dumps({"artifacts": [row]})
    return resource(
        "mobileai:index:ModelVersion", {"sha256": sha256, "manifest": manifest}, name=sha256[:2]
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
    new = version(NEW, quality=0.9, gap=0.02, bytes=90_000, profile={"latencyP95Ms": 3})
    old = version(OLD, quality=0.95, gap=0.03)

    found = figures(new, old, pinned(NEW, "1.1.0", previous=PREVIOUS))

    assert {name: item.worse for name, item in found.items()} == {
        "accuracy": True,
        "group gap": False,
        "size": False,
        "latency p95": True,
    }
    assert (found["size"].prior, found["size"].proposed, found["size"].unit) == (100, 90, "kB")


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
