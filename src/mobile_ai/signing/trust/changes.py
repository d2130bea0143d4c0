"""Content of an environment's next trust version; pure, without files and without clock.

Every function returns the content that a trust would have; nothing is numbered or signed here
(see ``versions``). A content equal to the one before means that the change was made already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from securesystemslib.signer._key import Key

from mobile_ai.contracts.trust import Role, Trust, TrustedKey
from mobile_ai.signing.trust.people import (
    TrustChangeError,
    check_role_name,
    find_owner,
    holdings,
    mail_of,
)

CLASSES: Final[Mapping[str, Mapping[str, int]]] = {
    "development": {},
    "production": {"root": 2, "security": 2},
}
"""Thresholds of the roles of a new trust by class of environment; a role that is not listed: 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to take in: its owner, its role and its public half."""

    owner: str
    role: str
    key: Key


def first_content(
    environment: str,
    keys: Sequence[NewKey],
    *,
    thresholds: Mapping[str, int],
    expires: datetime,
    kept: Trust | None = None,
) -> Trust:
    """Return the content of version 1.

    Args:
        environment: Name of the environment.
        keys: The people's keys, one of role `root` at least.
        thresholds: Signatures that a role needs; 1 where nothing is said.
        expires: End of validity.
        kept: A trust whose role keys (not its root keys) stay as they are, so that what they signed
            stays valid.

    Raises:
        TrustChangeError: If there is no root key, a key is listed twice, or a threshold cannot be
            met.
    """
    trust = Trust(
        environment=environment,
        version=1,
        expires=expires,
        keys={},
        roles={},
        revoked=dict(kept.revoked) if kept else {},
    )
    for item in holdings(kept) if kept else []:
        if kept and item.role not in {"", "root"}:
            trust = _with(trust, item.keyid, kept.keys[item.keyid], item.role)
    for new in keys:
        trust = add_key(trust, new)
    if "root" not in trust.roles:
        raise TrustChangeError(
            f"trust of {environment}",
            got="nobody with role root",
            expected="at least one person who signs its versions",
            next_step='give somebody the role: `mobile-ai trust new --person "Ana Lima '
            '<ana@example.com>=root:KEY"` (docs/people.md)',
        )
    usual = {role: count for role, count in thresholds.items() if role in trust.roles}
    return set_thresholds(trust, usual)


def add_key(trust: Trust, new: NewKey) -> Trust:
    """Return the content with one more active key; unchanged if it is there already.

    Raises:
        TrustChangeError: If the role does not exist, the key was another role's or person's or is
            no longer active, or the person has another active key in the role.
    """
    check_role_name(new.role)
    same = [
        item
        for item in holdings(trust)
        if item.keyid == new.key.keyid or _material(trust, item.keyid) == _text(new.key)
    ]
    for item in same:
        if (item.role, item.state) != (new.role, "active") or mail_of(item.owner) != mail_of(
            new.owner
        ):
            raise TrustChangeError(
                f"key {new.key.keyid[:12]} for {new.owner} as {new.role}",
                got=f"a key that {item.owner} has as {item.role or 'nothing'}, {item.state}",
                expected="a key that is in no role: each is used for one role, by one person",
                next_step="have that person make another one: mobile-ai key new",
            )
    if same:
        return trust
    owner = _known_owner(trust, new.owner)
    if any(
        (item.role, item.state) == (new.role, "active") and mail_of(item.owner) == mail_of(owner)
        for item in holdings(trust)
    ):
        raise TrustChangeError(
            f"a second key of {owner} as {new.role}",
            got="an active key of theirs in this role",
            expected="one of each person, since a threshold counts keys",
            next_step="mobile-ai trust rotate replaces it",
        )
    added = TrustedKey(key=new.key, owner=owner, state="active")
    return _with(trust, new.key.keyid, added, new.role)


def remove_people(trust: Trust, people: Iterable[str], *, compromised: bool = False) -> Trust:
    """Return the content in which none of the people's keys may sign anything new.

    Args:
        trust: The content before.
        people: Mail addresses or names.
        compromised: Whether what their keys signed before does not count any more either.

    Raises:
        TrustChangeError: If somebody has no key.
    """
    mails = {mail_of(find_owner(trust, person)) for person in people}
    keys = {
        keyid: _retired(item, compromised=compromised) if mail_of(item.owner) in mails else item
        for keyid, item in trust.keys.items()
    }
    return replace(trust, keys=keys)


def rotate_key(
    trust: Trust, person: str, key: Key, *, role: str | None = None, compromised: bool = False
) -> Trust:
    """Return the content in which a person has a new key in place of the one in a role.

    Args:
        trust: The content before.
        person: A mail address or a name.
        key: The new public key.
        role: The role; needed only where the person has several.
        compromised: Whether what the old key signed before does not count any more either.

    Raises:
        TrustChangeError: If the person has no such key, or several roles and none is named.
    """
    owner = find_owner(trust, person)
    mine = [item for item in holdings(trust) if mail_of(item.owner) == mail_of(owner) and item.role]
    roles = {item.role for item in mine if item.state == "active"} or {item.role for item in mine}
    wanted = role or (next(iter(roles)) if len(roles) == 1 else "")
    if wanted not in roles:
        raise TrustChangeError(
            f"key of {owner} as {role or 'a role that is not named'}",
            got=f"keys of {', '.join(sorted(roles)) or 'no role'}",
            expected="one of these roles",
            next_step="name it with --role",
        )
    old = {item.keyid for item in mine if item.role == wanted and item.keyid != key.keyid}
    keys = {
        keyid: _retired(item, compromised=compromised) if keyid in old else item
        for keyid, item in trust.keys.items()
    }
    return add_key(replace(trust, keys=keys), NewKey(owner=owner, role=wanted, key=key))


def renew(trust: Trust, expires: datetime) -> Trust:
    """Return the content with another end of validity."""
    return replace(trust, expires=expires)


def set_thresholds(trust: Trust, thresholds: Mapping[str, int]) -> Trust:
    """Return the content with other thresholds.

    Raises:
        TrustChangeError: If a role is not in the trust, or a threshold is below 1.
    """
    roles = dict(trust.roles)
    for role, count in thresholds.items():
        if check_role_name(role) not in roles or count < 1:
            raise TrustChangeError(
                f"threshold {role}={count}",
                got="a role without keys" if role not in roles else "no signature",
                expected=f"at least 1, for one of {', '.join(sorted(roles))}",
                next_step="add a person to the role first: mobile-ai trust add",
            )
        roles[role] = replace(roles[role], threshold=count)
    return replace(trust, roles=roles)


def check_thresholds(trust: Trust) -> None:
    """Check that the active keys of every role can meet its threshold.

    Raises:
        TrustChangeError: If those of a role cannot; it names the commands that help.
    """
    for role, item in sorted(trust.roles.items()):
        active = len(trust.active_keys(role))
        if active < item.threshold:
            lower = f", or lower it: --threshold {role}={active}" if active else ""
            raise TrustChangeError(
                f"role {role} of {trust.environment}",
                got=f"{active} active key{'s' * (active != 1)}",
                expected=f"at least {item.threshold}, its threshold: else nobody can sign for it",
                next_step=f"add somebody first: mobile-ai trust add PERSON --role {role} "
                f"--key KEY.pub --environment {trust.environment}{lower}",
            )


def _with(trust: Trust, keyid: str, item: TrustedKey, role: str) -> Trust:
    before = trust.roles.get(role)
    keyids = (before.keyids if before else frozenset()) | {keyid}
    after = Role(keyids=keyids, threshold=before.threshold if before else 1)
    return replace(trust, keys={**trust.keys, keyid: item}, roles={**trust.roles, role: after})


def _retired(item: TrustedKey, *, compromised: bool) -> TrustedKey:
    if compromised or item.state == "compromised":
        return replace(item, state="compromised")
    return replace(item, state="superseded")


def _known_owner(trust: Trust, owner: str) -> str:
    """Return the text by which the trust knows a mail address, so that a person has one name."""
    known = (item.owner for item in trust.keys.values() if mail_of(item.owner) == mail_of(owner))
    return next(known, owner)


def _material(trust: Trust, keyid: str) -> str:
    return _text(trust.keys[keyid].key)


def _text(key: Key) -> str:
    return str(key.keyval.get("public", key.keyid)).strip()
