"""Public keys that a trust takes in."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import AWSSigner

from mobile_ai.signing.keys import create_pair, load_signer
from mobile_ai.signing.trust import public_keys
from mobile_ai.signing.trust.people import TrustChangeError, find_owner, owner_text
from mobile_ai.testing.signing import Signers, make_trust


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_a_public_file_is_the_key_that_its_private_half_signs_with(tmp_path, kind):
    create_pair(tmp_path / "ana.pem", kind=kind)
    found = public_keys.read_public_key("ana.pub", base=tmp_path)
    assert found == load_signer(f"file2:{tmp_path}/ana.pem").public_key


def test_a_key_in_kms_is_asked_for_its_public_half(tmp_path, monkeypatch):
    made = create_pair(tmp_path / "ana.pem")
    asked = []

    def import_(name, scheme):
        asked.append((name, scheme))
        return f"awskms:{name}", made

    monkeypatch.setattr(AWSSigner, "import_", import_)
    assert public_keys.read_public_key("awskms:alias/ana") == made
    assert asked == [("alias/ana", "ecdsa-sha2-nistp256")]


def test_a_kms_that_does_not_answer_is_an_error_that_names_the_key(monkeypatch):
    def import_(*_):
        raise RuntimeError("no credentials")

    monkeypatch.setattr(AWSSigner, "import_", import_)
    with pytest.raises(TrustChangeError, match="alias/ana"):
        public_keys.read_public_key("awskms:alias/ana")


def test_a_kind_of_key_that_is_not_used_is_refused(tmp_path):
    rsa = generate_private_key(65537, 2048).public_key()
    pem = rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "rsa.pub").write_bytes(pem)
    with pytest.raises(TrustChangeError, match="ecdsa-sha2-nistp256, ed25519"):
        public_keys.read_public_key("rsa.pub", base=tmp_path)


@pytest.mark.parametrize(
    "text", ["Ana", "<ana@example.com>", "Ana <ana@example>", "A\tB\x00 <a@b.c>"]
)
def test_an_owner_in_another_form_is_refused(text):
    with pytest.raises(TrustChangeError, match="Ana Lima"):
        owner_text(text)


def test_an_owner_is_written_in_one_form():
    assert owner_text("  Ana   Lima <Ana@Example.com> ") == "Ana Lima <ana@example.com>"


def test_a_person_is_found_by_mail_by_text_and_by_name_and_never_guessed():
    trust = make_trust(Signers.shared(), environment="dev")
    assert find_owner(trust, "Builder@Example.com") == "builder@example.com"
    for unknown in ("build", "", "@example.com"):
        with pytest.raises(TrustChangeError, match=r"builder@example\.com"):
            find_owner(trust, unknown)
