"""Nothing in a next version goes unsaid, whatever differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.signer import SSlibKey

from mobile_ai.contracts.trust import KEY_STATES, Role, Trust, TrustedKey, trust_predicate
from mobile_ai.signing.trust.words import differences
from mobile_ai.testing.signing import Signers, make_trust

FIRST = make_trust(Signers.shared(), environment="dev")
OTHER = make_trust(Signers.fresh(), environment="dev")
KEYIDS = sorted(FIRST.keys)
ROLES = sorted(FIRST.roles)


def _with_key(trust: Trust, keyid: str, item: TrustedKey) -> Trust:
    return replace(trust, keys={**trust.keys, keyid: item})


def _another_material(trust: Trust, keyid: str) -> Trust:
    item = trust.keys[keyid]
    stranger = OTHER.keys[min(OTHER.keys)].key
    key = SSlibKey(keyid, item.key.keytype, item.key.scheme, dict(stranger.keyval))
    return _with_key(trust, keyid, replace(item, key=key))


def _moved(trust: Trust, role: str, keyid: str) -> Trust:
    roles = {
        name: replace(item, keyids=item.keyids - {keyid}) for name, item in trust.roles.items()
    }
    moved = Role(keyids=roles[role].keyids | {keyid}, threshold=1)
    return replace(trust, roles={**roles, role: moved})


CHANGES: dict[str, Callable[[Trust, str, str, str], Trust]] = {
    "state": lambda t, key, _, state: _with_key(t, key, replace(t.keys[key], state=state)),
    "owner": lambda t, key, _, state: _with_key(t, key, replace(t.keys[key], owner=state)),
    "material": lambda t, key, _, __: _another_material(t, key),
    "role": lambda t, key, role, _: _moved(t, role, key),
    "dropped": lambda t, key, _, __: replace(
        t, keys={keyid: item for keyid, item in t.keys.items() if keyid != key}
    ),
    "new": lambda t, _, __, ___: replace(t, keys={**t.keys, **OTHER.keys}),
    "threshold": lambda t, _, role, __: replace(
        t, roles={**t.roles, role: replace(t.roles[role], threshold=2)}
    ),
    "no role": lambda t, _, role, __: replace(
        t, roles={name: item for name, item in t.roles.items() if name != role}
    ),
    "expiry": lambda t, _, __, ___: replace(t, expires=t.expires - timedelta(days=3)),
    "environment": lambda t, _, __, ___: replace(t, environment="prod"),
    "revoked": lambda t, key, _, state: replace(t, revoked={key: state}),
    "revoked no more": lambda t, _, __, ___: replace(t, revoked={}),
}


@given(
    st.sampled_from(sorted(CHANGES)),
    st.sampled_from(KEYIDS),
    st.sampled_from(ROLES),
    st.sampled_from(KEY_STATES),
)
def test_a_difference_is_said_and_sameness_is_silent(kind, keyid, role, state):
    before = replace(FIRST, revoked={"0" * 64: "old"})
    after = CHANGES[kind](before, keyid, role, state)
    same = trust_predicate(before) == trust_predicate(after)
    assert (differences(before, after) == []) == same


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_each_kind_of_difference_is_said(kind):
    before = replace(FIRST, revoked={"0" * 64: "old"})
    (builder,) = before.roles["builder"].keyids
    assert differences(before, CHANGES[kind](before, builder, "security", "compromised"))


def test_what_weakens_is_said_aloud():
    before = replace(FIRST, revoked={"0" * 64: "old"}, expires=datetime(2030, 1, 1, tzinfo=UTC))
    after = replace(
        _another_material(before, KEYIDS[0]),
        revoked={},
        expires=datetime(2029, 1, 1, tzinfo=UTC),
    )
    said = " ".join(differences(before, after))
    for word in ("ANOTHER public key", "NO LONGER revoked", "SOONER"):
        assert word in said
    lost = _with_key(FIRST, KEYIDS[0], replace(FIRST.keys[KEYIDS[0]], state="superseded"))
    assert "IT MAY SIGN AGAIN" in " ".join(differences(lost, FIRST))


def test_a_first_version_says_everybody():
    said = " ".join(differences(None, FIRST))
    assert all(item.owner in said for item in FIRST.keys.values())
    assert "valid until 2036-01-01" in said
