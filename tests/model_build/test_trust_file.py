"""A new trust file: its keys sign, kept keys stay valid, no key is overwritten."""

from datetime import UTC, datetime, timedelta

import pytest

from mobile_ai.contracts.predicates import ASSESSMENT
from mobile_ai.contracts.statements import Subject, sign_statement, statement_of
from mobile_ai.contracts.trust import load_trust
from mobile_ai.model_build.ceremony import ROLES, fresh_keys, trust_text
from mobile_ai.model_build.errors import ModelBuildError
from mobile_ai.model_build.trust_file import begin_trust, create_role_keys

NOW = datetime(2026, 6, 1, tzinfo=UTC)

ASSESSED = {
    "model": "digits",
    "version": "1.0.0",
    "decision": "approved",
    "riskClass": "minimal",
    "humanOversight": "oversight@example.com",
    "questionnaire": {"purpose": "reading meters"},
    "issued": "2026-01-01T00:00:00Z",
    "expires": "2027-01-01T00:00:00Z",
}


@pytest.fixture
def signers(tmp_path):
    return create_role_keys(tmp_path / "keys")


def begun(signers, kept=None):
    text = begin_trust("dev", signers, expires=NOW + timedelta(days=1), kept=kept)
    return load_trust(text, environment="dev", now=NOW)


def test_every_role_has_one_key_and_the_root_needs_both_of_its_own(signers):
    trust = begun(signers)
    assert {name: (len(role.keyids), role.threshold) for name, role in trust.roles.items()} == {
        "root": (2, 2),
        **dict.fromkeys(ROLES, (1, 1)),
    }


def test_keys_that_are_kept_go_on_counting_for_their_role_but_do_not_rule(signers):
    before = fresh_keys("dev")
    kept = load_trust(
        trust_text("dev", before, expires=NOW + timedelta(days=1)), environment="dev", now=NOW
    )
    trust = begun(signers, kept)
    for signer in (before["ethics-reviewer"][0], signers["ethics-reviewer"]):
        about = (Subject("manifest", "a" * 64),)
        envelope = sign_statement(statement_of(ASSESSMENT, ASSESSED, subjects=about), [signer])
        assert trust.verify(envelope, role="ethics-reviewer", name="an assessment")
    assert not {signer.public_key.keyid for signer in before["root:dev"]} & trust.keys.keys()


def test_private_keys_are_the_owners_alone_and_are_never_written_over(signers, tmp_path):
    paths = sorted((tmp_path / "keys").glob("*.pem"))
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600] * len(signers)
    with pytest.raises(ModelBuildError, match="never written over"):
        create_role_keys(tmp_path / "keys")
