"""The impact assessment is complete, bound to its version, and signed by the right role."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.statements import Statement, load_envelope
from mobile_ai.model_build.approve import (
    QUESTIONS,
    ApprovalError,
    approve,
    ask_assessment,
    assessment_text,
    check_role,
    load_assessment,
)
from mobile_ai.model_build.assemble import assemble
from mobile_ai.model_build.ceremony import sample_ceremony
from mobile_ai.model_build.signing import fresh_signer
from mobile_ai.model_build.writer import write_version
from tests.model_build.versions import LIFETIME, NOW, assessment, build_result, report_on


@pytest.fixture
def draft(tmp_path):
    build = build_result(tmp_path / "work")
    return assemble(build, report_on(build), created=NOW, commit="unknown")


def file_of(tmp_path, **changes):
    value = {**assessment().model_dump(mode="json", by_alias=True), **changes}
    path = tmp_path / "answers.yaml"
    path.write_text(dump_yaml(value))
    return path


def text_of(draft, answers=None, *, expires=NOW + LIFETIME):
    return assessment_text(
        draft, answers or assessment(), signers=[fresh_signer()], issued=NOW, expires=expires
    )


def test_the_statement_names_the_manifest_and_every_artifact(draft):
    envelope = load_envelope(text_of(draft), name="assessment")
    statement = Statement.from_payload(envelope.payload, name="assessment")
    names = [subject.name for subject in statement.subjects]
    assert names == ["manifest.yaml", *(item.file.path for item in draft.manifest.artifacts)]


def test_the_predicate_says_decision_scope_risk_oversight_and_times(draft):
    envelope = load_envelope(text_of(draft), name="assessment")
    predicate = Statement.from_payload(envelope.payload, name="assessment").predicate
    assert predicate["scope"] == {
        "apps": ["field-assistant"],
        "dataTypes": ["camera-image"],
        "regions": ["eu-west-1"],
        "privacyTiers": ["GDPR_Personal"],
    }
    assert (predicate["decision"], predicate["riskClass"]) == ("approved", "minimal")
    assert (predicate["model"], predicate["version"]) == ("digits", "1.0.0")
    assert set(predicate["questionnaire"]) == set(QUESTIONS)
    assert predicate["expires"] == "2036-03-01T12:00:00+00:00"


def test_approving_changes_the_pin_and_keeps_the_other_evidence(draft, tmp_path):
    before = write_version(draft, {"provenance": "{}"}, models=tmp_path / "models")
    after = approve(
        before.folder, assessment(), signer=fresh_signer(), expires=NOW + LIFETIME, now=NOW
    )
    assert after.sha256 != before.sha256
    assert [item.kind for item in after.manifest.statements] == ["provenance", "assessment"]


def test_approving_a_signed_version_of_v1_keeps_its_form(tmp_path, request):
    sample = request.config.rootpath / "models/digits/1.1.0"
    folder = tmp_path / "digits/1.1.0"
    shutil.copytree(sample, folder)
    approve(folder, assessment(), signer=fresh_signer(), expires=NOW + LIFETIME, now=NOW)
    before, after = (
        read_yaml((place / "manifest.yaml").read_text(), name="manifest")
        for place in (sample, folder)
    )
    assert manifest_digest(after) == manifest_digest(before)
    pairs = zip(before["evidence"], after["evidence"], strict=True)
    assert [new["kind"] for old, new in pairs if old != new] == ["assessment"]


def test_a_questionnaire_file_is_read(tmp_path):
    assert load_assessment(file_of(tmp_path)) == assessment()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"questionnaire": {}}, "open"),
        ({"questionnaire": dict.fromkeys(QUESTIONS, "yes")}, "open"),
        ({"questionnaire": {**dict.fromkeys(QUESTIONS, "A long answer."), "mood": "x"}}, "mood"),
        ({"decision": "perhaps"}, "decision"),
        ({"humanOversight": "nobody"}, "humanOversight"),
        ({"remark": "x"}, "remark"),
        ({"scope": {"apps": []}}, "scope"),
    ],
)
def test_an_incomplete_questionnaire_is_refused_by_name(tmp_path, changes, word):
    with pytest.raises(ApprovalError, match=word):
        load_assessment(file_of(tmp_path, **changes))


def test_a_risk_class_other_than_the_manifests_is_refused(draft):
    with pytest.raises(ApprovalError, match="risk class of digits"):
        text_of(draft, assessment(risk_class="high"))


def test_an_assessment_that_has_expired_already_is_refused(draft):
    with pytest.raises(ApprovalError, match="expiry"):
        text_of(draft, expires=NOW - timedelta(days=1))


def test_a_rejection_can_be_signed_too(draft):
    envelope = load_envelope(text_of(draft, assessment(decision="rejected")), name="x")
    assert Statement.from_payload(envelope.payload, name="x").predicate["decision"] == "rejected"


@pytest.mark.parametrize("role", ["builder", "evaluator", "security", "nobody"])
def test_only_the_ethics_reviewer_signs_assessments(role):
    with pytest.raises(ApprovalError, match=role):
        check_role(role)
    check_role("ethics-reviewer")


def test_a_person_is_asked_every_question(draft):
    asked = []

    def ask(question: str) -> str:
        asked.append(question)
        for word, answer in {
            "applications": "field-assistant, ",
            "For which data": "camera-image",
            "regions": "eu-west-1",
            "tiers": "GDPR_Personal",
            "Mail": " oversight@example.com ",
            "approved or rejected": "approved",
        }.items():
            if word in question:
                return answer
        return "An answer of some length."

    found = ask_assessment(draft.manifest, ask=ask)
    assert set(QUESTIONS.values()) <= set(asked)
    assert found.scope == assessment().scope
    assert found.risk_class == "minimal"


def test_the_samples_of_the_repository_have_complete_questionnaires(request):
    root = request.config.rootpath
    plan = sample_ceremony(root, anchors=("dev",), models=root / "models", say=print)
    for sample in plan.samples:
        assert sample.recipe.is_file()
        assert load_assessment(sample.assessment).decision == "approved"
