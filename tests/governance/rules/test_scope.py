"""A further use of an approved model is allowed by a signed scope record, and by nothing less."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.assessment_scope import covers, uncovered
from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.deployed import Baseline
from mobile_ai.contracts.predicates import ASSESSMENT_SCOPE
from mobile_ai.contracts.statements import Subject
from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import Scene, Signers, changed, make_record
from tests.governance.rules.table import SCENE, Case, edit, with_version

RULES = {rule.id: rule for rule in catalogue()}
APPROVED, RECORDS = "ethical-assessment-approved", "records-verified"
PREDICATE: dict[str, Any] = {
    "model": "digits",
    "version": "1.1.0",
    "riskClass": "limited",
    "humanOversight": "oversight@example.com",
    "scope": {
        "apps": ["second-app"],
        "dataTypes": ["camera-image"],
        "regions": ["eu-west-1"],
        "privacyTiers": ["GDPR_Personal", "GDPR_Sensitive"],
    },
    "questionnaire": {"purpose": "reading numbers on parcels"},
    "issued": "2026-05-01T00:00:00+00:00",
    "expires": "2027-05-01T00:00:00+00:00",
}


def record(
    *path: str, to: Any = None, role: str = "ethics-reviewer", digest: str = "", **more: Any
) -> str:
    predicate = deepcopy(PREDICATE)
    if path:
        edit(*path, to=to)(predicate)
    subject = Subject("manifest.yaml", digest or manifest_digest(SCENE.version.values))
    signers = more.get("signers", Signers.shared())
    return make_record(
        ASSESSMENT_SCOPE, predicate, signer=signers.by_role[role], subjects=(subject,)
    )


def second_app(*records: str, scene: Scene = SCENE) -> Case:
    """Return the plan of an application that the assessment does not name."""
    named = {f"models/digits/1.1.0/scope/{n}.yaml": text for n, text in enumerate(records)}
    scene = replace(scene, records=named)
    deployed = changed(scene.deployment(), "metadata", "labels", "mobile-ai:app", to="second-app")
    return Case(rule=APPROVED, outcome="", label="", scene=scene, changed=(deployed,))


def test_a_second_app_needs_a_scope_record_and_no_other_manifest() -> None:
    assert second_app().apply(RULES[APPROVED]) == "fail"
    case = second_app(record())
    assert case.apply(RULES[APPROVED]) == "pass"
    assert case.scene.version.sha256 == SCENE.version.sha256
    context = replace(case, changed=(case.scene.context(),))
    assert context.apply(RULES[RECORDS]) == "pass"


DENIED = {
    "unknown key": record(signers=Signers.fresh()),
    "another digest": record(digest="0" * 64),
    "the pin, which changes with each approval": record(digest=SCENE.version.sha256),
    "expired": record("expires", to="2026-05-31T00:00:00+00:00"),
    "another app": record("scope", "apps", to=["third-app"]),
    "another data type": record("scope", "dataTypes", to=["document-image"]),
    "another region": record("scope", "regions", to=["eu-central-1"]),
    "a lower tier": record("scope", "privacyTiers", to=["Internal"]),
    "another risk class": record("riskClass", to="high"),
    "another version": record("version", to="1.0.0"),
    "another model": record("model", to="other"),
}
REFUSED = {
    "wrong role": record(role="builder"),
    "unknown field": record("also", to=["everything"]),
    "no app": record("scope", "apps", to=[]),
    "malformed data type": record("scope", "dataTypes", to=["Any thing"]),
    "no date": record("expires", to="never"),
}


def _told(outcome: str, label: str, case: Case) -> Case:
    return replace(case, outcome=outcome, label=label)


def _two_types(outcome: str, *, mine: bool) -> Case:
    """Return a case that needs two scopes of one app, or one of each of two apps."""
    case = second_app(record("scope", "dataTypes", to=["face-image"]), record())
    base = case.changed[0] if mine else case.scene.deployment()
    types = ["camera-image", "face-image"]
    resource = changed(base, "spec", "dataProcessing", "dataTypes", to=types)
    return _told(outcome, f"two-types-{mine}", replace(case, changed=(resource,)))


def _stays(record_text: str) -> Case:
    """Return a case of a deployment that runs already and does not change."""
    case = second_app(record_text)
    (deployed,) = case.changed
    before = Baseline(
        released=frozenset({SCENE.version.sha256}),
        deployments={deployed.name: deployed.props["spec"]},
    )
    return replace(case, scene=replace(case.scene, baseline=before))


CASES = [
    _told("fail", "no-scope", second_app()),
    _told("pass", "scope", second_app(record())),
    *(_told("fail", name, second_app(text)) for name, text in {**DENIED, **REFUSED}.items()),
    *(
        _told("fail", label, second_app(record(), scene=with_version(assessment=change)))
        for label, change in {
            "assessment-rejected": edit("decision", to="rejected"),
            "assessment-expired": edit("expires", to="2026-05-31T00:00:00+00:00"),
            "assessment-of-another": edit("version", to="1.0.0"),
        }.items()
    ),
    _two_types("pass", mine=True),
    _two_types("fail", mine=False),
    _told("warned", "soon", second_app(record("expires", to="2026-06-20T00:00:00+00:00"))),
    _told("fail", "now", second_app(record("expires", to="2026-06-01T00:00:00+00:00"))),
    _told("warned", "expired-stays", _stays(DENIED["expired"])),
]
"""Outcomes of scope records: one holds for its use alone, and widens no assessment that fails."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_scope_allows_its_own_use_and_nothing_else(case: Case) -> None:
    assert case.apply(RULES[APPROVED]) == case.outcome


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_that_does_not_count_is_reported(name: str) -> None:
    case = second_app(REFUSED[name])
    context = replace(case, changed=(case.scene.context(),))
    assert context.apply(RULES[RECORDS]) == "fail"


def test_a_scope_of_another_environment_is_no_fault_of_this_one() -> None:
    case = second_app(DENIED["unknown key"])
    context = replace(case, changed=(case.scene.context(),))
    assert context.apply(RULES[RECORDS]) == "pass"


VALUES = st.frozensets(st.sampled_from("abc"), min_size=1)
USES = st.fixed_dictionaries({"apps": VALUES, "regions": VALUES})


@given(use=USES, scopes=st.lists(USES, max_size=3))
def test_a_use_is_covered_when_each_combination_stands_in_a_scope(use: Any, scopes: Any) -> None:
    allowed = {pair for item in scopes for pair in product(item["apps"], item["regions"])}
    assert covers(use, scopes) == (set(product(use["apps"], use["regions"])) <= allowed)


@given(use=USES, scope=USES)
def test_one_scope_covers_what_it_leaves_nothing_of(use: Any, scope: Any) -> None:
    assert covers(use, [scope]) == (not list(uncovered(use, [scope])))
