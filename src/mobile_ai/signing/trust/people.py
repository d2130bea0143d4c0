"""People of a trust: owners of keys as ``Name <mail>``, and the roles that their keys have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mobile_ai.contracts.predicates import ROLES
from mobile_ai.contracts.trust import Trust, TrustedKey
from mobile_ai.signing.errors import SigningError

ROLE_NAMES: Final = tuple(sorted(ROLES))
"""Roles that a trust can have; `root` signs the trust itself."""
_OWNER: Final = re.compile(
    r"(?P<name>[^<>\x00-\x1f\x7f]{1,100}?) <(?P<mail>[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+)>"
)
_LONGEST: Final = 200  # characters of an owner


class TrustChangeError(SigningError):
    """A change of a trust that cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A key of a person in a role.

    Attributes:
        owner: Its owner, as in the trust.
        role: The role; empty for a key in no role.
        keyid: Its id.
        state: One of ``KEY_STATES``.
    """

    owner: str
    role: str
    keyid: str
    state: str


def owner_text(text: str) -> str:
    """Return an owner in the form that a trust holds.

    Raises:
        TrustChangeError: If it is not ``Name <mail>``.
    """
    found = _OWNER.fullmatch(" ".join(text.split()))
    if found is None or len(text) > _LONGEST or not text.isprintable():
        raise TrustChangeError(
            f"person {text[:_LONGEST]!r}",
            got="another form",
            expected='a name and a mail address, such as "Ana Lima <ana@example.com>"',
            next_step="write both, in quotes (docs/people.md)",
        )
    return f"{found['name'].strip()} <{found['mail'].lower()}>"


def mail_of(owner: str) -> str:
    """Return an owner's mail address in lower case; the whole text if it has none."""
    found = _OWNER.fullmatch(owner)
    return (found["mail"] if found else owner).lower()


def check_role_name(role: str) -> str:
    """Return the name of a role that a trust can have.

    Raises:
        TrustChangeError: If there is no such role.
    """
    if role not in ROLE_NAMES:
        raise TrustChangeError(
            f"role {role!r}",
            got="no role of a trust",
            expected=f"one of {', '.join(ROLE_NAMES)}",
            next_step="name one of them (docs/people.md)",
        )
    return role


def holdings(trust: Trust) -> list[Holding]:
    """Return every key of a trust by owner and role, sorted."""
    role_of = {keyid: role for role, item in trust.roles.items() for keyid in item.keyids}
    found = [
        Holding(owner=item.owner, role=role_of.get(keyid, ""), keyid=keyid, state=item.state)
        for keyid, item in trust.keys.items()
    ]
    return sorted(found, key=lambda item: (item.owner.lower(), item.role, item.state, item.keyid))


def find_owner(trust: Trust, person: str) -> str:
    """Return the owner that a mail address, a name or the whole text names.

    Raises:
        TrustChangeError: If nobody has a key under it, or several people do.
    """
    wanted = " ".join(person.split()).lower()
    owners = sorted({item.owner for item in trust.keys.values()})
    exact = [item for item in owners if wanted in {item.lower(), mail_of(item)}]
    found = exact or [item for item in owners if item.partition(" <")[0].lower() == wanted]
    if len({mail_of(item) for item in found}) != 1:
        raise TrustChangeError(
            f"person {person!r}",
            got=f"{len(found)} people in trust {trust.label}",
            expected=f"one of {', '.join(found or owners)}",
            next_step="name the mail address; `mobile-ai trust show` lists everybody",
        )
    return found[0]


def owner_named(trust: Trust, person: str) -> str:
    """Return the owner that a text names: ``Name <mail>``, or the mail or name of somebody known.

    Raises:
        TrustChangeError: If it is neither.
    """
    return owner_text(person) if "<" in person else find_owner(trust, person)


def root_owners(trust: Trust, keyids: Iterable[str]) -> list[str]:
    """Return the owners of some keys of a trust, sorted, each once."""
    known: Mapping[str, TrustedKey] = trust.keys
    return sorted({known[keyid].owner for keyid in keyids})
