"""Checks of the state that no rule can make."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mobile_ai.contracts.predicates import EXCEPTION, WAIVER, WaiverPredicate
from mobile_ai.contracts.records import Record, Records
from mobile_ai.contracts.statements import statement_of
from mobile_ai.governance.rules import catalogue
from mobile_ai.operations.audit.checks import STATE_CHECKS
from mobile_ai.operations.audit.checks.expiry import SOON, approvals_not_near_expiry
from mobile_ai.operations.audit.checks.pins import pins_as_in_git
from mobile_ai.operations.audit.checks.tags import coverage, tags_deployed
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found
from mobile_ai.testing import Scene, Signers, make_record, make_version
from tests.operations.audit.support import NAME, PIN, SCENE, deployed, tags

OTHER = replace(PIN, version="1.0.0", sha256="9" * 64)
QUEUE = SCENE.sample("aws:sqs/queue:Queue")


def look(check: Check, subject: DeployedStack) -> list[Found]:
    return list(check.look(subject))


@pytest.mark.parametrize("check", STATE_CHECKS, ids=lambda check: check.id)
def test_nothing_is_found_in_a_state_that_is_as_it_should_be(check: Check) -> None:
    assert look(check, deployed(resources=[*SCENE.resources(), QUEUE])) == []


@pytest.mark.parametrize(
    ("pins", "declared", "got", "expected"),
    [
        ({NAME: OTHER}, {NAME: PIN}, "digits 1.0.0 (999999999999)", "digits 1.1.0"),
        ({NAME: PIN}, {}, "digits 1.1.0", "nothing: Git has none"),
        ({NAME: PIN}, {NAME: PIN, "new-digits": OTHER}, "nothing", "digits 1.0.0"),
        ({}, {NAME: PIN}, "a deployment without a readable model", "digits 1.1.0"),
    ],
    ids=["another-version", "not-in-git", "not-deployed", "unreadable"],
)
def test_a_deployment_that_differs_from_git_fails(
    pins: Any, declared: Any, got: str, expected: str
) -> None:
    (found,) = look(pins_as_in_git, deployed(pins=pins, declared=declared))

    assert found.denies
    assert found.finding.got.startswith(got)
    assert found.finding.expected.startswith(expected)
    assert found.author
    assert found.author().source == f"Git, {'new-digits' if 'new-digits' in declared else NAME}"


def test_a_manifest_swapped_under_the_same_version_differs_from_git() -> None:
    swapped = replace(PIN, sha256="9" * 64)

    assert look(pins_as_in_git, deployed(pins={NAME: swapped}))


@pytest.mark.parametrize("lost", ["mobile-ai:team", "mobile-ai:cost-center"])
def test_a_tag_that_the_provider_does_not_answer_with_fails(lost: str) -> None:
    kept = {key: value for key, value in tags(QUEUE).items() if key != lost}
    subject = deployed(resources=[QUEUE], outputs={QUEUE.urn: {"tagsAll": kept}})

    (found,) = look(tags_deployed, subject)

    assert (found.urn, found.denies) == (QUEUE.urn, True)
    assert found.finding.got == f"no {lost} (0 of 1 resources have all)"


@pytest.mark.parametrize("answered", [{}, {"tagsAll": None}, {"tagsAll": "x"}, {"tags": {}}])
def test_a_provider_that_answers_without_tags_has_none(answered: dict[str, Any]) -> None:
    found = coverage(deployed(resources=[QUEUE], outputs={QUEUE.urn: answered}))

    assert len(found[QUEUE.urn]) == 5


def test_what_takes_no_tags_is_not_counted() -> None:
    plan = [item for item in SCENE.resources() if not item.type.startswith("aws:")]

    assert coverage(deployed(resources=plan, outputs={})) == {}


def _expiring(kind: str, days: float) -> Scene:
    def edit(predicate: dict[str, Any]) -> None:
        predicate["expires"] = (SCENE.now + timedelta(days=days)).isoformat()

    return Scene(version=make_version(Signers.shared(), **{kind: edit}))


@pytest.mark.parametrize("kind", ["assessment", "evaluation"])
@pytest.mark.parametrize(("days", "word"), [(SOON.days - 1, "ends"), (-1, "ended")])
def test_evidence_that_runs_out_soon_is_advice(kind: str, days: float, word: str) -> None:
    scene = _expiring(kind, days)

    (found,) = look(approvals_not_near_expiry, deployed(scene=scene))

    assert (found.denies, found.urn) == (False, scene.model_version().urn)
    assert found.finding.what == f"{kind} of digits-1.1.0"
    assert found.finding.got.startswith(f"{word} on 2026-")


@pytest.mark.parametrize("kind", ["assessment", "evaluation"])
def test_evidence_that_lasts_is_not_told(kind: str) -> None:
    assert look(approvals_not_near_expiry, deployed(scene=_expiring(kind, SOON.days + 1))) == []


def test_trust_that_runs_out_soon_is_advice() -> None:
    subject = deployed()
    trust = subject.facts.setting.trust
    late = replace(subject, now=trust.expires - timedelta(days=3))

    told = [item.finding.what for item in look(approvals_not_near_expiry, late) if not item.urn]

    assert told == [f"trust dev version {trust.version}"]


def _waived(days: float) -> Records:
    ends = SCENE.now + timedelta(days=days)
    content = WaiverPredicate(
        rule="probes-set",
        stack="dev",
        urn="u",
        reason="r",
        ticket="T-1",
        issued=(ends - timedelta(days=80)).isoformat(),
        expires=ends.isoformat(),
    )
    waiver = Record(name="w1", role="security", statement=statement_of(WAIVER, {}), content=content)
    return Records(waivers={"probes-set": (waiver,)})


@pytest.mark.parametrize(("days", "told"), [(3, True), (60, False), (-3, True)])
def test_a_waiver_is_told_before_it_ends_and_after(days: float, *, told: bool) -> None:
    subject = deployed()
    context = subject.facts.context
    assert context is not None
    subject.facts.context = replace(context, records=_waived(days))

    found = [item.finding.what for item in look(approvals_not_near_expiry, subject)]

    assert found == ["waiver w1 of probes-set"] * told


def test_a_budget_exception_is_told_before_it_ends() -> None:
    predicate = {
        "stack": "dev",
        "budget": "field-assistant",
        "monthlyUsd": 900,
        "expires": (SCENE.now + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    signer = SCENE.signers.by_role["finops-approver"]
    scene = replace(SCENE, records={"more": make_record(EXCEPTION, predicate, signer=signer)})

    (found,) = look(approvals_not_near_expiry, deployed(scene=scene))

    assert found.finding.what == "exception more"


def test_a_model_that_does_not_verify_is_left_to_its_rule() -> None:
    version = make_version(Signers.shared())
    broken = replace(Scene(version=version), states={"builder": "compromised"})

    assert look(approvals_not_near_expiry, deployed(scene=broken)) == []


def test_every_check_has_an_id_of_its_own() -> None:
    ids = [check.id for check in STATE_CHECKS]

    assert len({*ids, *(rule.id for rule in catalogue())}) == len(ids) + len(catalogue())
