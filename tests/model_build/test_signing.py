"""Signers, evidence files and model-signing bundles."""

from __future__ import annotations

import importlib
import json

import pytest
from cryptography.exceptions import InvalidSignature
from securesystemslib.signer import SSlibKey

from mobile_ai.contracts.predicates import EVALUATION
from mobile_ai.contracts.statements import Statement, Subject, load_envelope
from mobile_ai.contracts.trust import load_trust
from mobile_ai.model_build.ceremony import fresh_keys, trust_text
from mobile_ai.model_build.signing import (
    bundle_envelope,
    evidence_text,
    fresh_signer,
    sign_artifacts,
)
from mobile_ai.signing import keys as signing_keys
from mobile_ai.signing.errors import SigningError
from mobile_ai.signing.roles import signer_from_uri
from tests.model_build.versions import LIFETIME, NOW


def verifying():
    """Return a configuration of the model-signing library, which is slow to import."""
    return importlib.import_module("model_signing.verifying").Config()


def statement(size: int = 10) -> Statement:
    return Statement(EVALUATION, (Subject("x", "0" * 64),), {"note": "n" * size})


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "artifacts"
    place.mkdir()
    (place / "a.tflite").write_bytes(b"model a")
    (place / "b.onnx").write_bytes(b"model b")
    return place


def test_a_fresh_signer_is_a_p256_key_that_nobody_else_has():
    one, other = fresh_signer(), fresh_signer()
    assert one.public_key.scheme == "ecdsa-sha2-nistp256"
    assert one.public_key.keyid != other.public_key.keyid


def test_evidence_is_an_envelope_that_the_key_verifies():
    signer = fresh_signer()
    envelope = load_envelope(evidence_text(statement(), [signer], name="x"), name="x")
    envelope.verify([signer.public_key], 1)


def test_evidence_too_large_for_the_plan_is_refused():
    with pytest.raises(SigningError, match="travels in the plan"):
        evidence_text(statement(60_000), [fresh_signer()], name="evaluation")


def test_a_key_file_signs_with_its_own_public_key(tmp_path):
    made = fresh_signer()
    (tmp_path / "key.pem").write_bytes(made.private_bytes)
    found = signer_from_uri(f"file2:{tmp_path}/key.pem", role="builder")
    assert found.public_key.keyid == made.public_key.keyid


def test_a_missing_key_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SigningError, match=r"none\.pem"):
        signer_from_uri(f"file2:{tmp_path}/none.pem", role="builder")


def test_an_unknown_scheme_is_an_error_that_lists_the_known_ones():
    with pytest.raises(SigningError, match="awskms"):
        signer_from_uri("paper:key", role="builder")


def test_a_scheme_that_hides_its_public_key_needs_the_trust_file():
    with pytest.raises(SigningError, match="0 active keys of role builder"):
        signer_from_uri("hsm:2", role="builder")


def test_the_public_key_of_such_a_scheme_comes_from_the_role(monkeypatch):
    keys = fresh_keys("dev")
    text = trust_text("dev", keys, expires=NOW + LIFETIME)
    trust = load_trust(text, environment="dev", now=NOW)
    asked = []
    monkeypatch.setattr(
        signing_keys.Signer, "from_priv_key_uri", lambda uri, key: asked.append((uri, key.keyid))
    )
    signer_from_uri("hsm:2", role="evaluator", trust=trust)
    assert asked == [("hsm:2", keys["evaluator"][0].public_key.keyid)]


@pytest.mark.build
def test_the_model_signature_verifies_with_the_model_signing_library(folder, tmp_path):
    signer = fresh_signer()
    (tmp_path / "model.sig").write_text(sign_artifacts(folder, signer))
    (tmp_path / "key.pub").write_text(signer.public_key.keyval["public"])
    config = verifying().use_elliptic_key_verifier(public_key=tmp_path / "key.pub")
    config.verify(folder, tmp_path / "model.sig")
    (folder / "a.tflite").write_bytes(b"model A")
    with pytest.raises(ValueError, match=r"a\.tflite"):
        config.verify(folder, tmp_path / "model.sig")


@pytest.mark.build
def test_the_model_signature_does_not_verify_with_another_key(folder, tmp_path):
    (tmp_path / "model.sig").write_text(sign_artifacts(folder, fresh_signer()))
    (tmp_path / "key.pub").write_text(fresh_signer().public_key.keyval["public"])
    config = verifying().use_elliptic_key_verifier(public_key=tmp_path / "key.pub")
    with pytest.raises((ValueError, InvalidSignature)):
        config.verify(folder, tmp_path / "model.sig")


@pytest.mark.build
def test_the_bundle_is_readable_without_the_library(folder):
    signer = fresh_signer()
    bundle = json.loads(sign_artifacts(folder, signer))
    key: SSlibKey = signer.public_key
    envelope = bundle_envelope(bundle, key.keyid)
    key.verify_signature(envelope.signatures[key.keyid], envelope.pae())
    names = [item["name"] for item in json.loads(envelope.payload)["predicate"]["resources"]]
    assert names == ["a.tflite", "b.onnx"]


@pytest.mark.parametrize("bundle", [{}, {"dsseEnvelope": {}}, {"dsseEnvelope": {"payload": "!"}}])
def test_another_form_of_bundle_is_refused(bundle):
    with pytest.raises(SigningError):
        bundle_envelope(bundle, "key")
