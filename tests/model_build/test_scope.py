"""A scope record is signed by the reviewer, beside a version whose digest stays the same."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pytest

from mobile_ai.contracts.predicates import ASSESSMENT_SCOPE, AssessmentScopePredicate
from mobile_ai.contracts.records import read_records
from mobile_ai.model_build.approve import ApprovalError, approve
from mobile_ai.model_build.scope import add_scope
from mobile_ai.model_build.signing import fresh_signer
from mobile_ai.model_build.verify import verify_version
from mobile_ai.model_build.writer import MANIFEST_FILE
from tests.model_build.versions import LIFETIME, assessment, signed_version


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    return signed_version(tmp_path_factory.mktemp("version"))


@pytest.fixture
def folder(signed, tmp_path):
    copied = tmp_path / "digits/1.0.0"
    shutil.copytree(signed.version.folder, copied)
    return copied


def second_app(**changes):
    scope = assessment().scope.model_copy(update={"apps": ("second-app",)})
    return assessment(scope=scope, **changes)


def add(folder, signed, answers=None, *, name="second-app", role="ethics-reviewer", **changes):
    issued = signed.version.manifest.created
    arguments = {
        "signer": signed.keys[role][0],
        "trust": signed.trust,
        "issued": issued,
        "expires": issued + timedelta(days=365),
        **changes,
    }
    return add_scope(folder, answers or second_app(), name=name, **arguments)


def problems(folder, signed):
    found = verify_version(folder / MANIFEST_FILE, trust=signed.trust, pin=signed.version.sha256)
    return "; ".join(f"{item.where}: {item.problem}" for item in found.findings)


def test_a_scope_is_a_record_of_the_manifest_whose_digest_stays(folder, signed):
    path, is_new = add(folder, signed)
    assert (path, is_new) == (folder / "scope/second-app.yaml", True)
    records = read_records([(path.name, path.read_text())], trust=signed.trust)
    (record,) = records.scopes
    assert record.statement.predicate_type == ASSESSMENT_SCOPE
    assert record.content.scope.apps == ("second-app",)
    assert isinstance(record.content, AssessmentScopePredicate)
    assert problems(folder, signed) == ""


def test_signing_the_same_use_again_changes_nothing(folder, signed):
    path, _ = add(folder, signed)
    before = path.read_bytes()
    issued = signed.version.manifest.created + timedelta(days=1)
    assert add(folder, signed, issued=issued) == (path, False)
    assert path.read_bytes() == before


def test_a_record_of_another_use_is_not_replaced(folder, signed):
    path, _ = add(folder, signed)
    before = path.read_bytes()
    with pytest.raises(ApprovalError, match="give another --name"):
        add(folder, signed, assessment())
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"role": "builder"}, "not a ethics-reviewer key"),
        ({"signer": fresh_signer()}, "unknown key"),
        ({"answers": second_app(decision="rejected")}, "rejected"),
        ({"answers": second_app(risk_class="high")}, "risk class"),
        ({"answers": second_app(questionnaire={})}, "open"),
        ({"expires": None}, "expiry"),
        ({"name": "../escape"}, "small letters"),
        ({"name": "Second App"}, "small letters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_signed_writes_nothing(folder, signed, changes, said):
    changes = dict(changes)
    if "expires" in changes:
        changes["expires"] = signed.version.manifest.created
    answers = changes.pop("answers", None)
    with pytest.raises(ApprovalError, match=said):
        add(folder, signed, answers, **changes)
    assert not (folder / "scope").exists()


def test_a_rejected_version_gets_no_scope(folder, signed):
    now = signed.version.manifest.created
    reviewer = signed.keys["ethics-reviewer"][0]
    approve(
        folder, assessment(decision="rejected"), signer=reviewer, expires=now + LIFETIME, now=now
    )
    with pytest.raises(ApprovalError, match=r"got rejected.*model approve"):
        add(folder, signed)


def test_a_folder_that_cannot_be_written_keeps_no_part(folder, signed, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space"):
        add(folder, signed)
    assert list((folder / "scope").iterdir()) == []


def test_approving_again_keeps_the_scopes(folder, signed):
    path, _ = add(folder, signed)
    before = path.read_bytes()
    now = signed.version.manifest.created
    reviewer = signed.keys["ethics-reviewer"][0]
    approve(folder, assessment(), signer=reviewer, expires=now + 2 * LIFETIME, now=now)
    assert path.read_bytes() == before


def test_verify_reads_the_records_beside_a_version(folder, signed):
    path, _ = add(folder, signed)
    text = path.read_text()
    path.write_text(text.replace("second-app", "third-app"))
    assert "scope/second-app.yaml" in problems(folder, signed)
    path.write_text("a: b\n")
    assert "scope/second-app.yaml" in problems(folder, signed)
    path.unlink()
    (folder / "scope/note.txt").write_text("hello")
    assert "scope/note.txt: not listed" in problems(folder, signed)
