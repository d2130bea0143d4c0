"""`verify` accepts valid versions and detects every change."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.trust import load_trust
from mobile_ai.model_build.approve import approve
from mobile_ai.model_build.ceremony import fresh_keys, trust_text
from mobile_ai.model_build.signing import sign_artifacts
from mobile_ai.model_build.verify import verify_version
from mobile_ai.model_build.writer import MANIFEST_FILE
from tests.model_build.mutations import missed_mutations, mutations_of
from tests.model_build.versions import LIFETIME, NOW, Signed, assessment, signed_version

pytestmark = pytest.mark.build
MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> Signed:
    return signed_version(tmp_path_factory.mktemp("version"))


@pytest.fixture
def copy(signed, tmp_path) -> Path:
    folder = tmp_path / "digits" / "1.0.0"
    shutil.copytree(signed.version.folder, folder)
    return folder


def findings(folder: Path, signed: Signed, pin: str | None = None) -> str:
    found = verify_version(folder / MANIFEST_FILE, trust=signed.trust, pin=pin)
    assert not found.ok
    return "; ".join(f"{item.where}: {item.problem}" for item in found.findings)


def test_a_whole_version_verifies_and_says_until_when(signed):
    found = verify_version(
        signed.version.folder / MANIFEST_FILE, trust=signed.trust, pin=signed.version.sha256
    )
    assert (found.ok, found.findings, found.sha256) == (True, (), signed.version.sha256)
    assert found.expires["assessment"] == signed.version.manifest.created + LIFETIME


def test_every_mutation_of_every_file_and_field_is_found(signed, tmp_path):
    def found(folder: Path) -> bool:
        return not verify_version(folder / MANIFEST_FILE, trust=signed.trust).ok

    assert sum(1 for _ in mutations_of(signed.version.folder)) > 200
    assert missed_mutations(signed.version.folder, tmp_path, found) == []


def test_the_list_of_mutations_reaches_every_file_and_field(signed):
    names = [item.name for item in mutations_of(signed.version.folder)]
    for file in ("artifacts/digits-int8.tflite", "evidence/model.sig", "manifest.yaml"):
        assert any(name.startswith(f"{file}: flip") for name in names)
    assert "field lineage.recipe.sha256: change" in names
    assert "field artifacts.2.evidence.0.interval.low: drop" in names


def test_a_changed_artifact_is_named(copy, signed):
    path = copy / "artifacts" / "digits-int8.tflite"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "artifacts/digits-int8.tflite: sha256" in findings(copy, signed)


def test_an_unlisted_file_is_named(copy, signed):
    (copy / "evidence" / "note.txt").write_text("hello")
    assert "evidence/note.txt: not listed" in findings(copy, signed)


def test_a_link_in_the_folder_is_refused(copy, signed, tmp_path):
    target = copy / "artifacts" / "digits-int8.tflite"
    target.rename(tmp_path / "elsewhere")
    target.symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in findings(copy, signed)


def test_another_pin_is_refused(copy, signed):
    assert "pin: " + "0" * 64 in findings(copy, signed, pin="0" * 64)


def test_a_version_in_another_place_is_refused(copy, signed, tmp_path):
    moved = tmp_path / "digits" / "2.0.0"
    copy.rename(moved)
    assert "but lies in" in findings(moved, signed)


def test_the_evidence_of_another_key_is_refused(copy, signed):
    stranger = fresh_keys("dev")["ethics-reviewer"][0]
    now = signed.version.manifest.created
    approve(copy, assessment(), signer=stranger, expires=now + timedelta(days=1), now=now)
    assert "unknown key" in findings(copy, signed)


def test_a_builder_cannot_approve_its_own_model(copy, signed):
    builder = signed.keys["builder"][0]
    now = signed.version.manifest.created
    approve(copy, assessment(), signer=builder, expires=now + timedelta(days=1), now=now)
    assert "not a ethics-reviewer key" in findings(copy, signed)


def test_another_trust_verifies_nothing(signed):
    text = trust_text("dev", fresh_keys("dev"), expires=NOW + LIFETIME)
    other = dataclasses.replace(signed, trust=load_trust(text, environment="dev", now=NOW))
    assert "unknown key" in findings(signed.version.folder, other)


def test_a_manifest_that_was_formatted_by_hand_is_refused(copy, signed):
    path = copy / MANIFEST_FILE
    path.write_text("# a remark\n" + path.read_text())
    assert "edited by hand" in findings(copy, signed)


def test_a_model_signature_by_a_stranger_is_refused(copy, signed):
    bundle = json.loads((copy / "evidence" / "model.sig").read_text())
    stranger = fresh_keys("dev")["builder"][0]
    assert bundle["mediaType"].endswith("v0.3+json")
    text = sign_artifacts(copy / "artifacts", stranger)
    (copy / "evidence" / "model.sig").write_text(text)
    _renew(copy, "signature", text)
    assert "evidence/model.sig: not signed by a builder's key" in findings(copy, signed)


def test_a_large_artifact_may_be_elsewhere_but_not_different(tmp_path):
    stored = signed_version(tmp_path, large=1_000_001)
    folder = stored.version.folder
    assert not (folder / "artifacts" / "digits-fp32.tflite").exists()
    assert verify_version(folder / MANIFEST_FILE, trust=stored.trust).ok
    (folder / "artifacts" / "digits-fp32.tflite").write_bytes(b"v" * 1_000_001)
    assert "digits-fp32.tflite: sha256" in findings(folder, stored)


def test_a_large_artifact_that_was_fetched_verifies_in_its_place(tmp_path):
    stored = signed_version(tmp_path, large=1_000_001)
    fetched = tmp_path / "reports/large/digits/1.0.0/artifacts/digits-fp32.tflite"
    shutil.copy(fetched, stored.version.folder / "artifacts")
    assert verify_version(stored.version.folder / MANIFEST_FILE, trust=stored.trust).ok


def _renew(folder: Path, kind: str, text: str) -> None:
    path = folder / MANIFEST_FILE
    values = read_yaml(path.read_text(), name="manifest")
    for item in values["statements"]:
        if item["kind"] == kind:
            item["sha256"] = sha256_text(text)
    path.write_text(dump_yaml(values))


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_the_committed_samples_verify(version, environment):
    trust_file = MODELS.parent / "policy-pack" / "trust" / f"{environment}.yaml"
    trust = load_trust(trust_file.read_text("utf-8"), environment=environment, now=NOW)
    found = verify_version(MODELS / "digits" / version / MANIFEST_FILE, trust=trust)
    assert found.findings == ()
