"""Trust versions are a chain to which no single key can add signers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from mobile_ai.contracts.errors import TrustError, VerificationError
from mobile_ai.contracts.predicates import (
    ASSESSMENT,
    PREDICATES,
    PROVENANCE,
    TRUST,
    WAIVER,
    PredicateType,
)
from mobile_ai.contracts.statements import (
    PAYLOAD_TYPE,
    Subject,
    dump_record,
    load_record,
    sign_statement,
    statement_of,
)
from mobile_ai.contracts.trust import (
    Role,
    Trust,
    TrustedKey,
    load_trust,
    parse_time,
    read_chain,
    trust_predicate,
)
from mobile_ai.testing import Signers, make_trust_text
from mobile_ai.testing.signing import make_trust
from tests.signing.examples import EXAMPLES, example_trust, record, role_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SIGNERS = Signers.shared()
OTHERS = Signers.fresh()
FIRST = make_trust(SIGNERS, environment="dev")


def text_of(trust: Trust, *signers: CryptoSigner) -> str:
    return dump_record(sign_statement(statement_of(TRUST, trust_predicate(trust)), list(signers)))


def load(*texts: str, environment: str = "dev", now: datetime = NOW) -> Trust:
    return load_trust("---\n".join(texts), environment=environment, now=now)


def root(signers: Signers) -> CryptoSigner:
    return signers.by_role["root"]


def test_a_first_version_signed_by_its_own_root_counts() -> None:
    assert load(make_trust_text(SIGNERS)).version == 1


def test_a_second_version_needs_the_roots_of_both() -> None:
    second = replace(make_trust(OTHERS, environment="dev"), version=2)
    first = make_trust_text(SIGNERS)

    assert load(first, text_of(second, root(SIGNERS), root(OTHERS))).version == 2
    for signer in (root(SIGNERS), root(OTHERS)):
        with pytest.raises(TrustError):
            load(first, text_of(second, signer))


def _skip(trust: Trust) -> Trust:
    return replace(trust, version=2)


def _elsewhere(trust: Trust) -> Trust:
    return replace(trust, environment="prod")


def _two_roles(trust: Trust) -> Trust:
    return replace(trust, roles={**trust.roles, "security": trust.roles["builder"]})


def _twice(trust: Trust) -> Trust:
    """Return a trust with one key under two ids, which would meet a threshold of two alone."""
    keyid = next(iter(trust.roles["builder"].keyids))
    twin = replace(trust.keys[keyid])
    role = Role(keyids=frozenset({keyid, "f" * 64}), threshold=2)
    return replace(
        trust, keys={**trust.keys, "f" * 64: twin}, roles={**trust.roles, "builder": role}
    )


def _undeclared(trust: Trust) -> Trust:
    role = Role(keyids=frozenset({"e" * 64}), threshold=1)
    return replace(trust, roles={**trust.roles, "builder": role})


def _too_many(trust: Trust) -> Trust:
    role = replace(trust.roles["builder"], threshold=2)
    return replace(trust, roles={**trust.roles, "builder": role})


def _odd_role(trust: Trust) -> Trust:
    return replace(trust, roles={**trust.roles, "king": trust.roles["builder"]})


@pytest.mark.parametrize(
    "break_",
    [_skip, _elsewhere, _two_roles, _twice, _undeclared, _too_many, _odd_role],
)
def test_a_broken_trust_is_refused(break_: Callable[[Trust], Trust]) -> None:
    with pytest.raises(TrustError):
        load(text_of(break_(FIRST), root(SIGNERS)))


def test_a_second_version_is_for_the_environment_of_the_first() -> None:
    second = replace(FIRST, version=2, environment="prod")

    with pytest.raises(TrustError, match="environment 'prod'"):
        load(make_trust_text(SIGNERS), text_of(second, root(SIGNERS)), environment="prod")


@pytest.mark.parametrize(
    ("kind", "change", "word"),
    [
        (WAIVER, {}, "predicate type"),
        (TRUST, {"owner": "x"}, "fields"),
        (TRUST, {"keys": {"a": {"owner": "x", "state": "lost"}}}, "key state 'lost'"),
    ],
)
def test_a_signed_statement_that_is_no_trust_is_refused(
    kind: str, change: dict[str, object], word: str
) -> None:
    predicate = trust_predicate(FIRST) | change
    text = dump_record(sign_statement(statement_of(kind, predicate), [root(SIGNERS)]))

    with pytest.raises(TrustError, match=word):
        load(text)


@pytest.mark.parametrize("text", ["", "a: 1", "not: [closed"])
def test_a_text_that_is_no_trust_is_refused(text: str) -> None:
    with pytest.raises(TrustError):
        load(text)


def test_a_trust_that_its_root_did_not_sign_is_refused() -> None:
    with pytest.raises(TrustError):
        load(text_of(FIRST, root(OTHERS)))


def signed(kind: str, *signers: CryptoSigner) -> Callable[..., object]:
    about = (Subject("manifest", "a" * 64),)
    envelope = sign_statement(statement_of(kind, BUILT, subjects=about), list(signers))

    def verify(trust: Trust, role: str, *, released: bool = False) -> object:
        return trust.verify(envelope, role=role, name="x", released=released)

    return verify


def with_state(role: str, state: str) -> Trust:
    return make_trust(SIGNERS, environment="dev", states={role: state})


BUILDER = SIGNERS.by_role["builder"]
BUILT = {
    "buildDefinition": {"buildType": "urn:test", "of SLSA": "open"},
    "runDetails": {"builder": {"id": "test"}},
}


def test_a_statement_of_a_role_counts() -> None:
    assert signed(PROVENANCE, BUILDER)(FIRST, "builder")


@pytest.mark.parametrize(
    ("kind", "signer", "role"),
    [
        (PROVENANCE, OTHERS.by_role["builder"], "builder"),
        (PROVENANCE, SIGNERS.by_role["security"], "builder"),
        (ASSESSMENT, BUILDER, "builder"),
        (WAIVER, BUILDER, "builder"),
        ("urn:unheard-of", BUILDER, "builder"),
        (PROVENANCE, BUILDER, "king"),
    ],
)
def test_a_statement_of_nobody_who_may_say_it_is_refused(
    kind: str, signer: CryptoSigner, role: str
) -> None:
    with pytest.raises(VerificationError):
        signed(kind, signer)(FIRST, role)


@pytest.mark.parametrize(
    ("payload", "kind", "word"),
    [(b"{}", "text/plain", "payload type"), (b"{}", PAYLOAD_TYPE, "_type")],
)
def test_signed_bytes_that_are_no_statement_are_refused(
    payload: bytes, kind: str, word: str
) -> None:
    envelope = Envelope(payload, kind, {})
    envelope.sign(BUILDER)

    with pytest.raises(VerificationError, match=word):
        FIRST.verify(envelope, role="builder", name="x")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"runDetails": {}}, "runDetails.builder"),
        ({"buildDefinition": {"buildType": 1}}, "buildDefinition.buildType"),
    ],
)
def test_a_signed_statement_that_is_malformed_is_refused_by_its_field(
    change: dict[str, object], field: str
) -> None:
    about = (Subject("manifest", "a" * 64),)
    statement = statement_of(PROVENANCE, {**BUILT, **change}, subjects=about)

    with pytest.raises(VerificationError, match=rf"provenance x: {field}"):
        FIRST.verify(sign_statement(statement, [BUILDER]), role="builder", name="x")


def test_evidence_about_nothing_but_itself_is_refused() -> None:
    envelope = sign_statement(statement_of(PROVENANCE, BUILT), [BUILDER])

    with pytest.raises(VerificationError, match="subject"):
        FIRST.verify(envelope, role="builder", name="x")


def test_a_superseded_key_counts_only_for_what_was_released() -> None:
    trust = with_state("builder", "superseded")

    assert signed(PROVENANCE, BUILDER)(trust, "builder", released=True)
    with pytest.raises(VerificationError):
        signed(PROVENANCE, BUILDER)(trust, "builder")


def test_a_compromised_key_never_counts() -> None:
    with pytest.raises(VerificationError):
        signed(PROVENANCE, BUILDER)(with_state("builder", "compromised"), "builder", released=True)


def test_a_threshold_of_two_needs_two() -> None:
    second = CryptoSigner.generate_ecdsa()
    keys = {
        **FIRST.keys,
        second.public_key.keyid: TrustedKey(key=second.public_key, owner="b", state="active"),
    }
    role = Role(keyids=frozenset({BUILDER.public_key.keyid, second.public_key.keyid}), threshold=2)
    trust = replace(FIRST, keys=keys, roles={**FIRST.roles, "builder": role})

    assert signed(PROVENANCE, BUILDER, second)(trust, "builder")
    with pytest.raises(VerificationError):
        signed(PROVENANCE, BUILDER, BUILDER)(trust, "builder")


def ended() -> Trust:
    return load(text_of(replace(FIRST, expires=NOW), root(SIGNERS)))


def test_an_expired_trust_says_so_from_its_last_second_on() -> None:
    before = load(make_trust_text(SIGNERS), now=FIRST.expires - timedelta(seconds=1))
    after = load(make_trust_text(SIGNERS), now=FIRST.expires)

    assert (before.expired, after.expired) == (False, True)
    assert replace(after, expired=False) == before


def test_an_expired_trust_verifies_what_was_released_and_nothing_new() -> None:
    assert signed(PROVENANCE, BUILDER)(ended(), "builder", released=True)
    with pytest.raises(VerificationError, match="mobile-ai trust renew"):
        signed(PROVENANCE, BUILDER)(ended(), "builder")
    with pytest.raises(VerificationError):
        signed(PROVENANCE, OTHERS.by_role["builder"])(ended(), "builder", released=True)


@pytest.mark.parametrize(
    "row",
    [row for row in PREDICATES.values() if row.name in EXAMPLES and row.signed_by == "trust"],
    ids=lambda row: row.name,
)
def test_of_new_statements_an_expired_trust_verifies_those_that_withdraw(
    row: PredicateType,
) -> None:
    envelope = load_record(record(row.name), name="x")
    trust, role = example_trust(), role_of(row.name)
    assert trust.verify(envelope, role=role, name="x")
    trust = replace(trust, expired=True)
    if row.withdraws:
        assert trust.verify(envelope, role=role, name="x")
        return
    with pytest.raises(VerificationError, match="expired on 2036-01-01"):
        trust.verify(envelope, role=role, name="x")


def test_a_signature_over_other_content_is_told_from_a_valid_one() -> None:
    about = (Subject("manifest", "a" * 64),)
    envelope = sign_statement(statement_of(PROVENANCE, BUILT, subjects=about), [BUILDER])
    other = sign_statement(statement_of(PROVENANCE, {**BUILT, "x": 1}, subjects=about), [BUILDER])
    envelope.signatures = other.signatures
    with pytest.raises(VerificationError, match=r"does not match"):
        FIRST.verify(envelope, role="builder", name="x")


def test_an_expired_trust_signs_its_successor() -> None:
    first = text_of(replace(FIRST, expires=NOW), root(SIGNERS))
    second = text_of(replace(FIRST, version=2), root(SIGNERS))

    assert not load(first, second).expired
    assert [item.version for item in read_chain(f"{first}---\n{second}", environment="dev")] == [
        1,
        2,
    ]


@pytest.mark.parametrize("value", [None, 7, "tomorrow", "2030-01-31", "2030-01-31T00:00:00"])
def test_a_time_needs_a_zone(value: object) -> None:
    with pytest.raises(Exception, match="RFC 3339"):
        parse_time(value, name="x")
