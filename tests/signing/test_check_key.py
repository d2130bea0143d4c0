"""A key is refused before anything is signed, unless the trust gives it the role."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.predicates import PREDICATES
from mobile_ai.signing.drafts import load_draft
from mobile_ai.signing.errors import SigningError
from mobile_ai.signing.records import sign_record
from mobile_ai.signing.roles import check_key
from tests.signing.examples import NOW, draft, example_trust, role_of, signer

ROOT = Path(__file__).resolve().parents[2]
TRUST = example_trust()
EXPIRED = replace(TRUST, expires=NOW, expired=True)


def test_an_active_key_of_the_role_may_sign():
    check_key(signer("builder").public_key, role="builder", trust=TRUST)


@pytest.mark.parametrize("whose", ["evaluator", "root", "nobody"])
def test_another_key_is_refused(whose):
    with pytest.raises(SigningError, match="an active key of role builder"):
        check_key(signer(whose).public_key, role="builder", trust=TRUST)


@pytest.mark.parametrize("state", ["superseded", "compromised"])
def test_a_key_that_was_taken_away_is_refused(state):
    key = signer("builder").public_key
    item = replace(TRUST.keys[key.keyid], state=state)
    trust = replace(TRUST, keys={**TRUST.keys, key.keyid: item})
    with pytest.raises(SigningError, match="nothing was written"):
        check_key(key, role="builder", trust=trust)


@pytest.mark.parametrize(
    "name", sorted(row.name for row in PREDICATES.values() if row.drafted and row.name != "lift")
)
def test_under_an_expired_trust_only_what_withdraws_is_signed(name, tmp_path):
    (row,) = (item for item in PREDICATES.values() if item.name == name)
    root = tmp_path / "checkout"
    (root / "policy-pack").mkdir(parents=True)
    for file in ("Pulumi.dev.yaml", "policy-pack/stacks.yaml"):
        shutil.copy(ROOT / file, root / file)
    path = tmp_path / "draft.yaml"
    path.write_text(dump_yaml(draft(name)))
    asked, key = load_draft(path), signer(role_of(name))
    if row.withdraws:
        done = sign_record(asked, [key], trust=EXPIRED, root=root, now=NOW)
        assert done.path.is_file()
        return
    with pytest.raises(SigningError, match="expired on"):
        sign_record(asked, [key], trust=EXPIRED, root=root, now=NOW)
    assert len([item for item in root.rglob("*") if item.is_file()]) == 2
