"""Signatures of the roots: which a version needs, and whether it has them.

A version counts if it was validly signed under any version of the trusts that it names, so that a
key which was removed or superseded since keeps what it signed. A key that any version of its trust
calls ``compromised`` never counts. The time of a signature is not proven: where the file before is
known, such as on the protected branch, what is new must be signed by keys that are active now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from securesystemslib.dsse import Envelope
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.bounds import MONEY
from mobile_ai.contracts.errors import DocumentError, VerificationError
from mobile_ai.contracts.roots import Roots, StackRoots, roots_versions
from mobile_ai.contracts.statements import dump_record
from mobile_ai.contracts.trust import RENEW, Trust

_FILE: Final = "stacks.yaml"
_PRODUCTION_SIGNERS: Final = 2
_SIGN: Final = "have that role sign policy-pack/stacks.yaml (`mobile-ai roots sign`)"

_refused = DocumentError.advising("run mobile-ai migrate first")
_moved = DocumentError.advising("restore policy-pack/stacks.yaml, then `mobile-ai roots propose`")
_unsigned = VerificationError.advising(_SIGN)
_expired = VerificationError.advising(RENEW)

TrustsOf = Callable[[str, str], Sequence[Trust]]
"""Returns every version of the trust of an environment, oldest first, from a file of the pack."""


@dataclass(frozen=True, slots=True, order=True)
class Needed:
    """Signatures that a version needs by one role of an environment's trust."""

    environment: str
    role: str
    threshold: int
    trust: str = ""


def verify_roots(
    text: str, *, trusts_of: TrustsOf, before: str | None = None, name: str = _FILE
) -> Roots:
    """Return the newest version of the signed roots, after the whole chain was verified.

    Args:
        text: The file.
        trusts_of: Returns the versions of a trust.
        before: The file that it succeeds: what that lacks needs signatures by active keys.
        name: Of the file, for messages.

    Raises:
        DocumentError: If the file is no roots, is not signed at all, or changes a version of
            ``before``.
        VerificationError: If a version lacks signatures that it needs.
    """
    versions = roots_versions(text, name=name)
    known = _known(versions, before, name)
    previous: Roots | None = None
    for after in versions:
        if after.envelope is None:
            raise _refused(name, "the plain form", "signed versions of the roots")
        fresh = before is not None and after.version > known
        for needed in needed_signatures(previous, after):
            trusts = trusts_of(needed.environment, needed.trust)
            if not _is_met(after.envelope, needed, trusts, fresh=fresh):
                raise _unsigned(
                    f"{name} version {after.version}",
                    "too few signatures by its keys",
                    f"{needed.threshold} or more by {needed.role} of {needed.environment}",
                )
        previous = after
    return versions[-1]


def _known(versions: Sequence[Roots], before: str | None, name: str) -> int:
    """Return how many versions the file before has; each must be the same here."""
    old = [item for item in roots_versions(before, name=name) if item.version] if before else []
    for number, item in enumerate(old):
        same = versions[number].envelope if number < len(versions) else None
        if same is None or item.envelope is None or same.payload != item.envelope.payload:
            raise _moved(name, f"another version {item.version}", "the same, and later ones")
    return len(old)


def needed_signatures(before: Roots | None, after: Roots) -> list[Needed]:
    """Return the signatures that a version needs, after the one before it.

    Args:
        before: The version before; ``None`` for the first.
        after: The version to sign.
    """
    most: dict[tuple[str, str, str], int] = {}
    old = before.stacks if before else {}
    for name in sorted({*old, *after.stacks}):
        pair = [item for item in (old.get(name), after.stacks.get(name)) if item is not None]
        for role, threshold in _changed(old.get(name), after.stacks.get(name)):
            for item in pair:
                key = (item.environment, role, item.trust)
                most[key] = max(most.get(key, 0), threshold)
    return sorted(
        Needed(environment, role, count, trust)
        for (environment, role, trust), count in most.items()
    )


def missing_signatures(text: str, *, trusts_of: TrustsOf, name: str = _FILE) -> list[Needed]:
    """Return the signatures that the newest version of the signed roots still needs.

    Raises:
        DocumentError: As ``read_roots`` does.
    """
    versions = roots_versions(text, name=name)
    envelope = versions[-1].envelope
    return [
        item
        for item in _needed_by_last(versions)
        if envelope is None or not _is_met(envelope, item, _trusts(item, trusts_of))
    ]


def sign_roots(text: str, signer: Signer, *, trusts_of: TrustsOf, name: str = _FILE) -> str:
    """Return the file with a signature of the newest version; the same key signs once.

    Raises:
        DocumentError: If the roots are in the plain form.
        VerificationError: If no signature that the version needs can be by that key.
    """
    versions = roots_versions(text, name=name)
    envelope, keyid = versions[-1].envelope, signer.public_key.keyid
    if envelope is None:
        raise _refused(name, "the plain form", "signed versions of the roots")
    needed = _needed_by_last(versions)
    newest = [(item, _trusts(item, trusts_of)[-1]) for item in needed]
    mine = [trust for item, trust in newest if keyid in trust.active_keys(item.role)]
    if ended := next((trust for trust in mine if trust.expired), None):
        raise _expired(f"trust {ended.label}", ended.ended, "a trust that is valid")
    if not mine:
        roles = sorted({f"{item.role} of {item.environment}" for item in needed})
        raise _unsigned(f"key {keyid[:12]}", "no key of a role that signs this", f"one of {roles}")
    envelope.sign(signer)
    return write_versions(text, [item.envelope for item in versions if item.envelope is not None])


def write_versions(text: str, envelopes: Sequence[Envelope]) -> str:
    """Return the file of some versions, with the comments at the head of an earlier text."""
    head = [line for line in text.splitlines() if line.startswith("#")]
    return "".join(f"{line}\n" for line in head) + "---\n".join(map(dump_record, envelopes))


def _trusts(needed: Needed, trusts_of: TrustsOf) -> Sequence[Trust]:
    return trusts_of(needed.environment, needed.trust)


def _needed_by_last(versions: Sequence[Roots]) -> list[Needed]:
    return needed_signatures(versions[-2] if len(versions) > 1 else None, versions[-1])


def _is_met(
    envelope: Envelope, needed: Needed, trusts: Sequence[Trust], *, fresh: bool = False
) -> bool:
    lost = {
        keyid
        for trust in trusts
        for keyid, item in trust.keys.items()
        if item.state == "compromised"
    }
    states = ("active",) if fresh else ("active", "superseded")
    for trust in trusts[-1:] if fresh else trusts:
        role = trust.roles.get(needed.role)
        if role is None:
            continue
        valid = trust.signed_by(envelope, needed.role, states=states) - lost
        if len(valid) >= max(needed.threshold, role.threshold):
            return True
    return False


def _changed(old: StackRoots | None, new: StackRoots | None) -> Iterator[tuple[str, int]]:
    """Yield role and number of signatures for what differs between two entries of a stack."""
    before, after = _parts(old), _parts(new)
    if before[0] != after[0]:
        strict = any(item.is_production for item in (old, new) if item is not None)
        yield "security", _PRODUCTION_SIGNERS if strict else 1
    if before[1] != after[1]:
        yield "finops-approver", 1


def _parts(entry: StackRoots | None) -> tuple[Any, Any]:
    """Return what security signs for, and what FinOps signs for."""
    if entry is None:
        return None, None
    value = entry.to_dict()
    bounds = value.pop("bounds")
    money = {key: bounds.pop(key) for key in sorted(MONEY & set(bounds))}
    return {**value, "bounds": bounds}, money
