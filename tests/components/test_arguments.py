"""Mapping of stack file settings to component arguments."""

from pathlib import Path
from typing import Any

import pytest

from mobile_ai.components.budget.plan import BudgetLimit, RemediationTarget
from mobile_ai.components.plan.arguments import (
    arguments_of,
    edge_arguments,
    network_arguments,
    rings,
)
from mobile_ai.components.plan.delivery_arguments import delivery_targets
from mobile_ai.stack.load import StackInputs, load_stack
from mobile_ai.stack.settings_deployment import Rollout
from tests.components.support import stack_values


def rollout(*percents: float, halted: bool = False) -> Rollout:
    names = [*["canary", "early"][: len(percents) - 1], "general"]
    pairs = zip(names, percents, strict=True)
    return Rollout.model_validate_json(
        f'{{"salt": "salt", "stage": "{names[0]}", "halted": {str(halted).lower()}, "rings": ['
        + ", ".join(f'{{"name": "{name}", "percent": {percent}}}' for name, percent in pairs)
        + '], "minAppVersion": "1.0.0"}'
    )


def load_changed(repository: Path, **sections: Any) -> StackInputs:
    values = {**stack_values(repository), **sections}
    return load_stack(values, root=repository, stack="dev")


def test_canary_pods_are_in_the_first_ring_and_get_its_share() -> None:
    assert rings(rollout(5, 25, 100)) == ("general", {"ring": "canary", "weight": 5})


def test_a_share_below_one_percent_still_gets_requests() -> None:
    assert rings(rollout(0.1, 100)) == ("general", {"ring": "canary", "weight": 1})


def test_a_halted_rollout_sends_the_canary_nothing() -> None:
    assert rings(rollout(5, 100, halted=True))[1] == {"ring": "canary", "weight": 0}


def test_one_ring_needs_no_canary() -> None:
    assert rings(rollout(100)) == ("general", None)


def test_a_network_that_exists_is_passed_on(shared_repository: Path) -> None:
    network = {
        "kind": "existing",
        "vpcId": "vpc-0123456789abcdef0",
        "subnetIds": ["subnet-1", "subnet-2"],
    }

    arguments = network_arguments(load_changed(shared_repository, network=network))

    assert arguments["managed"] is None
    assert arguments["existing"] == {
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ["subnet-1", "subnet-2"],
    }


def test_a_site_without_a_cache_asks_for_no_volume(shared_repository: Path) -> None:
    inputs = load_changed(shared_repository)
    deployment = inputs.settings.deployments[0]

    arguments = edge_arguments(
        inputs.settings, deployment, deployment.edge[0], release_url="https://x/"
    )

    assert "cache" not in arguments
    assert arguments["host"] == "field-assistant.models.lab.example.com"


def test_what_is_placed_anywhere_is_delivered_with_the_version_to_go_back_to(
    shared_repository: Path,
) -> None:
    targets = delivery_targets(load_changed(shared_repository))

    assert sorted(target["path"] for target in targets) == [
        f"models/digits/{version}/artifacts/{file}"
        for version in ("1.0.0", "1.1.0")
        for file in ("int8-onnx.onnx", "int8.tflite")
    ]


def test_a_section_is_handed_over_by_the_names_of_the_arguments(repository: Path) -> None:
    budget = load_changed(repository).settings.budgets[0]

    assert set(arguments_of(BudgetLimit, budget)) == set(BudgetLimit.__annotations__)


def test_an_argument_without_a_value_is_refused(repository: Path) -> None:
    budget = load_changed(repository).settings.budgets[0]

    with pytest.raises(TypeError, match="RemediationTarget"):
        arguments_of(RemediationTarget, budget)
