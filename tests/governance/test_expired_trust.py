"""Under an expired trust nothing new passes; the evidence of what was released stays valid."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.predicates import GATE, REVOCATION
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.statements import Subject
from mobile_ai.testing import Scene, Signers, changed, make_record, make_version
from tests.signing.examples import EXAMPLES

SIGNERS = Signers.shared()
LATER = datetime(2037, 1, 1, tzinfo=UTC)  # the sample's trust ends in 2036
EVIDENCE = "model-evidence-verified"
TRUST = "stack-configured"


def _until_2040(predicate: dict[str, Any]) -> None:
    predicate["expires"] = "2040-01-01T00:00:00+00:00"


VERSION = make_version(SIGNERS, assessment=_until_2040, evaluation=_until_2040)
FRESH = Scene(version=VERSION)
DEPLOYMENT = FRESH.deployment()
SPEC: Mapping[str, Any] = DEPLOYMENT.props["spec"]
HALTED = changed(DEPLOYMENT, "spec", "rollout", "halted", to=True)


def later(*, released: str = VERSION.sha256, spec: Mapping[str, Any] = SPEC, **more: Any) -> Scene:
    baseline = Baseline(released=frozenset({released}), deployments={DEPLOYMENT.name: spec})
    return replace(FRESH, now=LATER, baseline=baseline, **more)


def findings(scene: Scene, rule: str, *resources: Resource) -> str:
    verdicts = [item for item in scene.verdicts(rule, *resources) if item.denies]
    return " ".join(message for item in verdicts for message in item.messages)


def test_a_valid_trust_is_not_mentioned() -> None:
    assert TRUST not in FRESH.denials()


def test_an_expired_trust_denies_the_plan_and_names_the_command() -> None:
    said = findings(later(), TRUST)
    assert "expired on 2036-01-01" in said
    assert "mobile-ai trust renew" in said


def test_an_expired_trust_denies_a_plan_without_models_too() -> None:
    scene = later()
    plan = [scene.context(), *scene.deployed()]
    assert TRUST in {item.rule for item in scene.judge(plan) if item.denies}


def test_the_evidence_of_what_runs_is_verified_as_it_stays_is_halted_or_comes_back() -> None:
    before = {"aiModel": {"version": "1.2.0", "sha256": "9" * 64}}
    assert EVIDENCE not in later().denials()
    assert EVIDENCE not in later().denials(HALTED)
    assert EVIDENCE not in later(spec=before).denials()  # a rollback to it


def test_evidence_of_what_was_never_released_is_denied() -> None:
    said = findings(later(released="0" * 64), EVIDENCE)
    assert "expired on 2036-01-01" in said
    assert "mobile-ai trust renew" in said


def test_a_new_gate_statement_proves_no_release() -> None:
    subject = (Subject("manifest", VERSION.sha256),)
    key = SIGNERS.by_role["pipeline"]
    record = make_record(GATE, EXAMPLES["gate"], signer=key, subjects=subject)
    assert EVIDENCE in later(released="0" * 64, records={"gate": record}).denials()


def test_a_new_usage_record_does_not_count() -> None:
    assert "expired on 2036-01-01" in findings(later(), "records-verified")


def test_a_revocation_counts_also_under_an_expired_trust() -> None:
    subject = (Subject("manifest", VERSION.sha256),)
    key = SIGNERS.by_role["security"]
    record = make_record(
        REVOCATION,
        {"reason": "it leaks", "issued": "2036-12-01T00:00:00Z"},
        signer=key,
        subjects=subject,
    )
    assert "revoked: it leaks" in findings(later(records={"stop": record}), EVIDENCE)
