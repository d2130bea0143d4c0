"""With expired evidence a deployment may stay, be halted or be rolled back to, only."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.resource import Resource
from mobile_ai.testing import Scene, Signers, changed, make_version

RULES = ("ethical-assessment-approved", "evaluation-current")
LATER = datetime(2029, 6, 1, tzinfo=UTC)


def _two_years(predicate: dict[str, Any]) -> None:
    predicate["expires"] = "2028-06-01T00:00:00+00:00"


VERSION = make_version(Signers.shared(), assessment=_two_years, evaluation=_two_years)
FRESH = Scene(version=VERSION)
DEPLOYMENT = FRESH.deployment()
SPEC: Mapping[str, Any] = DEPLOYMENT.props["spec"]


def later(*, released: str = VERSION.sha256, spec: Mapping[str, Any] = SPEC) -> Scene:
    baseline = Baseline(released=frozenset({released}), deployments={DEPLOYMENT.name: spec})
    return replace(FRESH, now=LATER, baseline=baseline)


def outcomes(scene: Scene, deployment: Resource = DEPLOYMENT) -> set[str]:
    return {scene.outcome(rule, deployment) for rule in RULES}


def test_evidence_that_is_current_passes() -> None:
    assert outcomes(FRESH) == {"pass"}


def test_evidence_that_expires_soon_is_warned_of() -> None:
    assert outcomes(replace(FRESH, now=datetime(2028, 5, 20, tzinfo=UTC))) == {"warned"}


def test_what_was_never_released_is_denied_three_years_on() -> None:
    assert outcomes(later(released="0" * 64)) == {"fail"}


def test_what_runs_unchanged_is_warned_of() -> None:
    assert outcomes(later()) == {"warned"}


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("spec", "placement", 1, "replicas", "max"), 7),
        (("spec", "rollout", "stage"), "general"),
        (("spec", "dataProcessing", "region"), "eu-central-1"),
        (("spec", "usage", "updatesPerMonth"), 3),
    ],
)
def test_a_change_to_what_runs_is_denied(path: tuple[str | int, ...], to: object) -> None:
    assert outcomes(later(), changed(DEPLOYMENT, *path, to=to)) == {"fail"}


def test_fewer_copies_are_a_safety_change() -> None:
    fewer = changed(DEPLOYMENT, "spec", "placement", 1, "replicas", "max", to=5)

    assert outcomes(later(), fewer) == {"warned"}


def test_the_engine_s_floats_are_no_change() -> None:
    same = changed(DEPLOYMENT, "spec", "placement", 1, "replicas", "max", to=6.0)

    assert outcomes(later(), same) == {"warned"}


def test_a_halt_is_never_in_the_way() -> None:
    halted = changed(DEPLOYMENT, "spec", "rollout", "halted", to=True)

    assert outcomes(later(), halted) == {"warned"}


def test_a_halt_that_changes_more_is_denied() -> None:
    halted = changed(DEPLOYMENT, "spec", "rollout", "halted", to=True)

    assert outcomes(later(), changed(halted, "spec", "rollout", "stage", to="general")) == {"fail"}


def test_going_on_after_a_halt_is_a_change() -> None:
    halted = changed(DEPLOYMENT, "spec", "rollout", "halted", to=True)

    assert outcomes(later(spec=halted.props["spec"])) == {"fail"}


def test_going_back_to_a_released_version_skips_expiry() -> None:
    assert outcomes(later(spec={"aiModel": {"version": "1.2.0", "sha256": "9" * 64}})) == {"warned"}


def test_a_new_deployment_of_a_released_version_is_denied() -> None:
    scene = later()
    assert scene.baseline is not None

    assert outcomes(replace(scene, baseline=replace(scene.baseline, deployments={}))) == {"fail"}


def test_another_deployment_may_change_meanwhile() -> None:
    assert not {*RULES} & later().denials(FRESH.sample("aws:s3/bucket:Bucket"))
