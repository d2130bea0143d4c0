"""A waiver applies to one rule, stack and target, until it expires, if validly signed."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mobile_ai.contracts.predicates import WAIVER
from mobile_ai.contracts.resource import Resource
from mobile_ai.testing import Scene, Signers, make_record, without

SCENE = Scene()
PROBE = ("spec", "template", "spec", "containers", 0, "livenessProbe")
BROKEN = without(SCENE.workload(), *PROBE)
PREDICATE = {
    "rule": "probes-set",
    "stack": "dev",
    "urn": BROKEN.urn,
    "reason": "the model server has no probe yet",
    "ticket": "OPS-7",
    "issued": "2026-05-20T00:00:00Z",
    "expires": "2026-07-01T00:00:00Z",
}


def carrying(*, role: str = "security", signers: Signers = SCENE.signers, **changes: Any) -> Scene:
    predicate = {key: value for key, value in {**PREDICATE, **changes}.items() if value is not None}
    record = make_record(WAIVER, predicate, signer=signers.by_role[role])
    return replace(SCENE, records={"waiver-1": record})


def outcome(scene: Scene, resource: Resource = BROKEN) -> str:
    return scene.outcome("probes-set", resource)


def test_without_a_waiver_the_rule_denies() -> None:
    assert outcome(SCENE) == "fail"


def test_a_waiver_lets_its_target_pass_and_says_why() -> None:
    [verdict] = carrying().verdicts("probes-set", BROKEN)

    assert (verdict.outcome, verdict.denies) == ("waived", False)
    assert verdict.note == ("waived until 2026-07-01: the model server has no probe yet [OPS-7]")


def test_a_waiver_can_name_the_digest_of_the_model_instead() -> None:
    scene = carrying(urn=None, digest=SCENE.version.sha256)

    assert outcome(scene) == "waived"


def test_an_active_waiver_is_listed_in_every_report() -> None:
    [verdict] = carrying().verdicts("deviations-listed")

    assert "active for probes-set" in verdict.findings[0].got


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": "2026-06-01T00:00:00Z"},
        {"issued": "2026-06-02T00:00:00Z"},
        {"issued": "2026-01-01T00:00:00Z"},
        {"stack": "prod"},
        {"rule": "container-limits-set"},
        {"urn": f"{BROKEN.urn}-canary"},
        {"urn": BROKEN.urn.replace("::digits", "::digit")},
        {"urn": BROKEN.urn.replace("digits", "digіts")},  # noqa: RUF001  # a homoglyph
        {"urn": None, "digest": "0" * 64},
        {"role": "finops-approver"},
        {"role": "builder"},
        {"signers": Signers.fresh()},
        {"urn": f"{BROKEN.urn[:-1]}*"},
        {"stack": "*"},
        {"rule": "*"},
        {"reason": ""},
        {"ticket": None},
        {"expires": None},
    ],
    ids=lambda changes: "-".join(changes) if isinstance(changes, dict) else None,
)
def test_a_waiver_that_does_not_fit_waives_nothing(changes: dict[str, Any]) -> None:
    assert outcome(carrying(**changes)) == "fail"


def test_a_waiver_lasts_as_long_as_its_rule_allows_and_no_longer() -> None:
    start, end = "2026-03-10T00:00:00Z", "2026-06-08T00:00:00Z"

    assert outcome(carrying(issued=start, expires=end)) == "waived"
    assert outcome(carrying(issued="2026-03-09T00:00:00Z", expires=end)) == "fail"


def test_a_waiver_ends_on_the_second() -> None:
    scene = carrying(expires="2026-06-01T00:00:01Z")

    assert outcome(scene) == "waived"
    assert outcome(replace(scene, now=datetime(2026, 6, 1, 0, 0, 1, tzinfo=UTC))) == "fail"


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "builder"},
        {"signers": Signers.fresh()},
        {"urn": f"{BROKEN.urn[:-1]}*"},
        {"ticket": None},
        {"role": "finops-approver"},
        {"rule": "model-evidence-verified"},
        {"rule": "no-such-rule"},
        {"issued": "2026-01-01T00:00:00Z"},
    ],
    ids=["builder", "strangers", "broad", "incomplete", "wrong-role", "never", "no-rule", "long"],
)
def test_a_waiver_that_nobody_may_sign_denies_the_plan(changes: dict[str, Any]) -> None:
    assert "records-verified" in carrying(**changes).denials()


def test_a_waiver_changed_after_signing_denies_the_plan() -> None:
    text = carrying().records["waiver-1"].replace("2026-07-01", "2026-08-01")
    assert text != carrying().records["waiver-1"]

    assert "records-verified" in replace(SCENE, records={"waiver-1": text}).denials()


def test_an_expired_waiver_denies_only_what_it_waived() -> None:
    scene = carrying(expires="2026-05-30T00:00:00Z")

    assert scene.denials() == set()
    assert scene.denials(BROKEN) == {"probes-set"}


def test_evidence_cannot_be_waived() -> None:
    scene = carrying(rule="model-evidence-verified", urn=SCENE.model_version().urn)
    tampered = replace(
        scene.model_version(), props={**scene.model_version().props, "sha256": "0" * 64}
    )

    assert scene.outcome("model-evidence-verified", tampered) == "fail"
    assert json.dumps(sorted(scene.denials(tampered))).count("model-evidence-verified") == 1
