"""Stacks of any size: a copy of the checkout with many applications and new signing keys."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, Literal

from mobile_ai.contracts.predicates import USAGE
from mobile_ai.testing import Signers, make_record
from tests.e2e.checkout import Checkout, copy_of_repository
from tests.e2e.world import sign_world

__all__ = ["Places", "make_stack"]

# `device`: phones only, one resource a deployment. `all`: a site and a function too.
Places = Literal["device", "all"]
_ISSUED: Final = "2026-11-23T00:00:00Z"
_PLENTY: Final = 1_000_000


def make_stack(folder: Path, *, deployments: int, places: Places) -> Checkout:
    """Create a checkout whose dev stack has many deployments, one application each.

    All pin the same two model versions: a model is built once and used by many applications.

    Args:
        folder: Where; it does not exist yet.
        deployments: How many.
        places: Where each of them runs.
    """
    checkout = copy_of_repository(folder)
    apps = [f"app-{number:05d}" for number in range(deployments)]

    def approve(predicate: dict[str, Any]) -> None:
        predicate["scope"]["apps"] = apps

    signers = sign_world(checkout, assessment=approve)
    _sign_usage(checkout, signers, apps)
    checkout.edit_stack(lambda values: _fill(values, apps, places))
    checkout.commit()
    return checkout


def _sign_usage(checkout: Checkout, signers: Signers, apps: list[str]) -> None:
    folder = checkout.root / "usage" / "dev"
    for old in folder.iterdir():
        old.unlink()
    for app in apps:
        record = make_record(USAGE, _usage(app), signer=signers.by_role["finops-approver"])
        (folder / f"{app}.yaml").write_text(record)


def _usage(app: str) -> Mapping[str, Any]:
    return {
        "app": app,
        "stack": "dev",
        "basis": "assumption",
        "issued": _ISSUED,
        "reason": "Planned.",
        "monthlyActiveDevices": 500,
        "requestsPerSecond": 1,
        "updatesPerMonth": 8,
    }


def _fill(values: dict[str, Any], apps: list[str], places: Places) -> None:
    (model,) = values["deployments"]
    if places == "device":
        model["placement"] = [item for item in model["placement"] if item["target"] == "on-device"]
    model["budget"] = "stack"
    values["deployments"] = [_of_app(model, app) for app in apps]
    # Budgets and site quotas are raised, as they are not under test.
    (stack,) = (item for item in values["budgets"] if item["scope"] == "stack")
    values["budgets"] = [stack | {"monthlyUsd": _PLENTY}]
    for site in values["sites"]:
        site["quota"] = {"cpu": 1_000, "memoryGb": 4_000, "pods": 1_000}


def _of_app(model: Mapping[str, Any], app: str) -> dict[str, Any]:
    made = deepcopy(dict(model))
    made["app"] = app
    made["rollout"]["salt"] = f"{app}-{model['model']}"
    return made
