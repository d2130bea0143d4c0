"""Governance documents contain the stack file, in the fields of the contract."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.components.plan.documents import (
    context_document,
    deployment_document,
    version_document,
)
from mobile_ai.stack.load import StackInputs, load_stack
from tests.components.support import stack_values


@pytest.fixture
def inputs(shared_repository: Path) -> StackInputs:
    return load_stack(stack_values(shared_repository, "prod"), root=shared_repository, stack="prod")


@pytest.fixture
def spec(inputs: StackInputs) -> dict[str, Any]:
    return deployment_document(inputs.settings, inputs.settings.deployments[0])["spec"]


def test_a_context_has_the_fields_of_the_contract(inputs: StackInputs) -> None:
    assert set(context_document(inputs)) == {
        "stack",
        "environment",
        "owner",
        "regions",
        "sites",
        "budgets",
        "images",
        "records",
        "releasedDigests",
        "release",
    }


def test_a_context_names_sites_without_their_inner_workings(inputs: StackInputs) -> None:
    assert context_document(inputs)["sites"][1] == {
        "name": "dublin",
        "kind": "edge",
        "region": "eu-west-1",
        "mode": "pull",
        "nodePriceUsdPerHour": 0.17,
        "nodeCpu": 4,
        "nodeMemoryGb": 16,
        "storageUsdPerGbMonth": 0.1,
    }


def test_every_image_of_a_context_is_pinned(inputs: StackInputs) -> None:
    images = context_document(inputs)["images"]

    assert set(images) == {"edge", "edgeAmd64", "edgeArm64", "mlflow"}
    assert all("@sha256:" in reference for reference in images.values())


def test_a_context_carries_waivers_and_usage_as_text(repository: Path) -> None:
    (repository / "policy-pack" / "waivers" / "dev").mkdir(parents=True)
    (repository / "policy-pack" / "waivers" / "dev" / "w.yaml").write_text("waiver: 1\n")
    (repository / "policy-pack" / "waivers" / "prod").mkdir()
    (repository / "policy-pack" / "waivers" / "prod" / "other.yaml").write_text("not: ours\n")
    (repository / "usage" / "dev").mkdir(parents=True)
    (repository / "usage" / "dev" / "field-assistant.yaml").write_text("usage: 2\n")
    inputs = load_stack(stack_values(repository), root=repository, stack="dev")

    assert context_document(inputs)["records"] == [
        {"name": "policy-pack/waivers/dev/w.yaml", "text": "waiver: 1\n"},
        {"name": "usage/dev/field-assistant.yaml", "text": "usage: 2\n"},
    ]


def test_a_model_version_keeps_its_bytes(inputs: StackInputs, shared_repository: Path) -> None:
    document = version_document(inputs.models["digits-1.1.0"])
    file = shared_repository / "models" / "digits" / "1.1.0" / "manifest.yaml"

    assert document["manifest"].encode() == file.read_bytes()
    assert document["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert set(document["evidence"]) == {"provenance", "evaluation", "assessment"}


def test_a_deployment_has_the_fields_of_the_contract(spec: dict[str, Any]) -> None:
    assert set(spec) == {
        "aiModel",
        "dataProcessing",
        "placement",
        "rollout",
        "usage",
        "humanOversight",
        "budget",
    }
    assert set(spec["aiModel"]) == {"id", "version", "sha256", "previous"}
    assert set(spec["dataProcessing"]) == {"privacyTier", "dataTypes", "region"}
    assert set(spec["rollout"]) == {"salt", "stage", "halted", "rings", "minAppVersion"}
    assert set(spec["usage"]) == {
        "monthlyActiveDevices",
        "updatesPerMonth",
        "requestsPerSecond",
    }


def test_placements_have_the_fields_of_their_target(spec: dict[str, Any]) -> None:
    device, frankfurt, dublin, cloud = spec["placement"]

    assert set(device) == {"target", "variant", "deviceClass"}
    assert set(frankfurt) == {"target", "variant", "site", "region", "replicas"}
    assert set(cloud) == {"target", "variant", "region", "reservedConcurrency", "memoryMb"}
    assert (frankfurt["region"], dublin["region"]) == ("eu-central-1", "eu-west-1")


def test_a_first_version_has_no_previous_one(shared_repository: Path) -> None:
    values = stack_values(shared_repository)
    del values["deployments"][0]["previous"]
    inputs = load_stack(values, root=shared_repository, stack="dev")
    document = deployment_document(inputs.settings, inputs.settings.deployments[0])

    assert "previous" not in document["spec"]["aiModel"]
    assert set(inputs.models) == {"digits-1.1.0"}


def test_documents_are_plain_json(inputs: StackInputs, spec: dict[str, Any]) -> None:
    assert json.loads(json.dumps(spec)) == spec
    assert json.loads(json.dumps(context_document(inputs))) == context_document(inputs)
