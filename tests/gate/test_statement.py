"""A gate statement counts when the pipeline's key signed exactly what a gate writes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.predicates import EXCEPTION, GATE
from mobile_ai.contracts.statements import (
    dump_envelope,
    load_envelope,
    sign_statement,
    statement_of,
)
from mobile_ai.gate.deploy.seal import Seal
from mobile_ai.gate.deploy.statement import ROLE, read_statement, require_signer, signed_statement
from mobile_ai.gate.errors import GateError
from mobile_ai.testing.signing import Signers, make_trust

SIGNERS = Signers.shared()
KEY = SIGNERS.by_role[ROLE]
TRUST = make_trust(SIGNERS, environment="prod")
SEAL = Seal(
    stack="prod",
    cloud="aws",
    commit="c" * 40,
    source="1" * 64,
    state="2" * 64,
    pack="3" * 64,
    at=datetime(2026, 6, 1, 12, tzinfo=UTC),
)
WRITTEN = {
    "stack": "prod",
    "cloud": "aws",
    "commit": "c" * 40,
    "source": "1" * 64,
    "state": "2" * 64,
    "pack": "3" * 64,
    "at": "2026-06-01T12:00:00Z",
    "verdict": "pass",
}


def without_role():
    keys = {role: key for role, key in SIGNERS.by_role.items() if role != ROLE}
    return make_trust(Signers(keys), environment="prod")


def signed(predicate, *, key=KEY, kind=GATE):
    return dump_envelope(sign_statement(statement_of(kind, predicate), [key]))


def test_statement_says_what_was_judged_and_nothing_else():
    envelope = load_envelope(signed_statement(SEAL, KEY, TRUST), name="x")
    statement = json.loads(envelope.payload)
    assert statement["predicate"] == WRITTEN
    assert statement["predicateType"] == "urn:mobile-ai:gate:v1"
    assert list(envelope.signatures) == [KEY.public_key.keyid]


@given(
    at=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    hours=st.integers(-12, 12),
    commit=st.text("0123456789abcdef", min_size=40, max_size=40),
)
def test_what_is_signed_is_what_is_read(at, hours, commit):
    moment = at.replace(tzinfo=UTC) + timedelta(hours=hours)
    seal = replace(SEAL, at=moment, commit=commit)
    assert read_statement(signed_statement(seal, KEY, TRUST), TRUST, name="x") == seal


def tampered():
    value = json.loads(signed(WRITTEN))
    value["payload"] = json.loads(signed({**WRITTEN, "commit": "d" * 40}))["payload"]
    return json.dumps(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got"),
        ("{}", "expected a signed in-toto Statement"),
        (tampered(), "0 valid signatures"),
        (signed(WRITTEN, key=SIGNERS.by_role["builder"]), "not a pipeline key"),
        (signed(WRITTEN, key=Signers.fresh().by_role[ROLE]), "unknown key"),
        (signed(WRITTEN, kind=EXCEPTION), "signed as pipeline"),
        (
            signed({**WRITTEN, "verdict": "denied"}),
            "verdict: got 'denied'; expected 'pass'",
        ),
        (signed({k: v for k, v in WRITTEN.items() if k != "verdict"}), "verdict: got nothing"),
        (signed({k: v for k, v in WRITTEN.items() if k != "state"}), "state: got nothing"),
        (signed({**WRITTEN, "more": "x"}), "more: got 'x'; expected no such field"),
        (
            signed({**WRITTEN, "pack": None}),
            "pack: got None; expected text",
        ),
        (signed({**WRITTEN, "at": "yesterday"}), "an RFC 3339 time with zone"),
        (signed({**WRITTEN, "at": "2026-06-01T12:00:00"}), "with its zone"),
    ],
)
def test_anything_else_does_not_count(text, message):
    with pytest.raises(GateError, match=message):
        read_statement(text, TRUST, name="statement.json")


@pytest.mark.parametrize("state", ["superseded", "compromised"])
def test_key_that_is_no_longer_active_neither_signs_nor_counts(state):
    trust = make_trust(SIGNERS, environment="prod", states={ROLE: state})
    with pytest.raises(GateError, match=state):
        read_statement(signed(WRITTEN), trust, name="x")
    with pytest.raises(GateError, match="does not list as active"):
        require_signer(KEY, trust)


def test_trust_without_the_role_says_what_to_do():
    with pytest.raises(GateError, match=r"got no role pipeline.*Next: have root sign"):
        read_statement(signed(WRITTEN), without_role(), name="x")
    with pytest.raises(GateError, match="got no role pipeline"):
        require_signer(KEY, without_role())


def test_key_of_another_role_is_refused_before_it_signs():
    require_signer(KEY, TRUST)
    with pytest.raises(GateError, match="does not list as active for role pipeline"):
        require_signer(SIGNERS.by_role["builder"], TRUST)


def test_one_signature_where_two_are_asked_for_is_refused_when_it_is_made():
    other = Signers.fresh().by_role[ROLE].public_key
    role = replace(TRUST.roles[ROLE], threshold=2, keyids=frozenset({KEY.public_key.keyid, "x"}))
    keys = {**TRUST.keys, "x": replace(TRUST.keys[KEY.public_key.keyid], key=other)}
    with pytest.raises(GateError, match="expected 2 by active keys"):
        signed_statement(SEAL, KEY, replace(TRUST, roles={**TRUST.roles, ROLE: role}, keys=keys))


def test_an_expired_trust_signs_and_reads_no_statement():
    ended = replace(TRUST, expired=True)
    for act in (
        lambda: require_signer(KEY, ended),
        lambda: signed_statement(SEAL, KEY, ended),
        lambda: read_statement(signed(WRITTEN), ended, name="x"),
    ):
        with pytest.raises(GateError, match="mobile-ai trust renew"):
            act()
