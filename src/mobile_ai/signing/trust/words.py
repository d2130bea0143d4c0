"""Differences between two versions of a trust, in words for whoever signs or reviews them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mobile_ai.contracts.trust import Role, Trust
from mobile_ai.signing.trust.people import Holding, holdings

_FORCE: Final = {
    "superseded": "what it signed for released versions stays valid",
    "compromised": "nothing that it signed counts",
}


def short(keyid: str) -> str:
    """Return the first digits of a key id, as messages show it."""
    return keyid[:12]


def differences(before: Trust | None, after: Trust) -> list[str]:
    """Return every difference of content; the numbers of the versions are not compared."""
    return [
        *_environment(before, after),
        *_keys(before, after),
        *_roles(before, after),
        *_expiry(before, after),
        *_revoked(before.revoked if before else {}, after.revoked),
    ]


def _environment(before: Trust | None, after: Trust) -> Iterator[str]:
    if before and before.environment != after.environment:
        yield f"environment: {before.environment} -> {after.environment}"


def _keys(before: Trust | None, after: Trust) -> Iterator[str]:
    old = {item.keyid: item for item in holdings(before)} if before else {}
    new = {item.keyid: item for item in holdings(after)}
    for keyid, item in new.items():
        if keyid not in old:
            state = "" if item.state == "active" else f", {item.state}"
            yield f"{item.owner} may sign as {item.role or 'nothing'}: key {short(keyid)}{state}"
        elif before:
            yield from _changed(old[keyid], item)
            if before.keys[keyid].key.to_dict() != after.keys[keyid].key.to_dict():
                yield f"{item.owner}: ANOTHER public key under the id {short(keyid)}"
    for keyid, item in old.items():
        if keyid not in new:
            yield f"{item.owner}: key {short(keyid)} of {item.role or 'no role'} is dropped"


def _changed(old: Holding, new: Holding) -> Iterator[str]:
    key = f"key {short(new.keyid)}"
    if old.owner != new.owner:
        yield f"{key} belongs to {new.owner}, before to {old.owner}"
    if old.role != new.role:
        yield f"{new.owner}: {key} is of {new.role or 'no role'}, before of {old.role or 'none'}"
    if old.state != new.state:
        force = _FORCE.get(new.state, "IT MAY SIGN AGAIN")
        yield f"{new.owner}: {key} of {new.role} is {new.state}, before {old.state}: {force}"


def _roles(before: Trust | None, after: Trust) -> Iterator[str]:
    old: Mapping[str, Role] = before.roles if before else {}
    for role in sorted(set(old) | set(after.roles)):
        if role not in after.roles:
            yield f"role {role} is dropped"
            continue
        was, will = old.get(role), after.roles[role]
        if was is None or was.threshold != will.threshold:
            now = "" if was is None else f", before {was.threshold}"
            yield f"role {role} needs {will.threshold} of {len(after.active_keys(role))} keys{now}"


def _expiry(before: Trust | None, after: Trust) -> Iterator[str]:
    if before is None:
        yield f"valid until {after.expires.date()}"
    elif before.expires != after.expires:
        sooner = " (SOONER)" if after.expires < before.expires else ""
        yield f"valid until {after.expires.date()}, before until {before.expires.date()}{sooner}"


def _revoked(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for digest in sorted(set(old) | set(new)):
        if digest not in new:
            yield f"model {digest} is NO LONGER revoked (was: {old[digest]})"
        elif old.get(digest) != new[digest]:
            yield f"model {digest} is revoked: {new[digest]}"
