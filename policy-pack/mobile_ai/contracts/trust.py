"""Trust file: signing roles with their keys and thresholds, versioned and chained like a TUF root.

``trust/<environment>.yaml`` holds every version of an environment's trust, oldest first, one YAML
document each. Version N+1 is valid only when signed by the root thresholds of version N *and* of
version N+1 (TUF 1.0.34, section 5.3.4), so that neither one stolen key nor one merged pull request
can add signers.

Key states: ``active``; ``superseded`` (rotated regularly: valid for versions released before, not
for new ones); ``compromised`` (never valid).

An expired trust still verifies versions that were released before, and statements that only
withdraw something (``PredicateType.withdraws``); its root keys may sign its successor. Nothing
else that it signs is accepted: the time of a signature is not proven, so a statement counts as
older than the expiry only where the deployed state or signed release metadata names its subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer._key import Key

from mobile_ai.contracts.canonical import parse_sha256
from mobile_ai.contracts.documents import read_yaml_documents
from mobile_ai.contracts.errors import DocumentError, TrustError, VerificationError
from mobile_ai.contracts.predicates import ROLES, TRUST, check_role, read_predicate, row_of
from mobile_ai.contracts.statements import PAYLOAD_TYPE, Statement, record_envelope

_broken = TrustError.advising(
    "restore it from the protected branch (policy-pack/trust); until then nothing signed counts"
)

_unverified = VerificationError.advising(
    "have the right role sign it (docs/models.md, Trust), then commit the file"
)

KEY_STATES: Final = ("active", "superseded", "compromised")
"""States of a key; a superseded one counts only for versions that were released before."""
RENEW: Final = "have its root keys renew it: `mobile-ai trust renew`"
"""Next step for whatever is refused because a trust has expired."""

_expired = VerificationError.advising(RENEW)

_FIELDS: Final = frozenset({"environment", "version", "expires", "keys", "roles", "revoked"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key, its owner and its state (one of ``KEY_STATES``)."""

    key: Key
    owner: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """The keys that may sign for a role, and how many of them must."""

    keyids: frozenset[str]
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The newest version of a verified trust chain.

    Attributes:
        environment: The environment that it applies to, such as ``prod``.
        version: Its number in the chain, from 1.
        expires: End of validity.
        keys: Every key by its id.
        roles: Every role by its name.
        revoked: SHA-256 digests of manifests that may never run, with the reason.
        expired: Whether its validity had ended when it was loaded.
    """

    environment: str
    version: int
    expires: datetime
    keys: Mapping[str, TrustedKey]
    roles: Mapping[str, Role]
    revoked: Mapping[str, str]
    expired: bool = False

    def verify(
        self, envelope: Envelope, *, role: str, name: str, released: bool = False
    ) -> Statement:
        """Return the statement in an envelope that a threshold of the role's keys signed.

        Args:
            envelope: The envelope to verify.
            role: The role that must have signed.
            name: The envelope's name, for messages.
            released: Whether the deployed state or signed release metadata proves that its subject
                was released before; superseded keys and an expired trust are valid then.

        Raises:
            VerificationError: If it is not signed by enough keys of the role, the role may not
                sign its predicate type, its predicate is malformed, or the trust has expired and
                it is new.
        """
        if envelope.payload_type != PAYLOAD_TYPE:
            raise _unverified(name, f"payload type {envelope.payload_type!r}", PAYLOAD_TYPE)
        self._check_threshold(envelope, role, name, released=released)
        try:
            statement = Statement.from_payload(envelope.payload, name=name)
            check_role(statement, role, name=name)
            read_predicate(statement, name=name)
        except DocumentError as error:
            raise _unverified(error.what, error.got, error.expected) from error
        withdraws = row_of(statement, name=name).withdraws
        if self.expired and not released and not withdraws:
            raise _expired(
                name,
                f"a new statement under trust {self.label}, which {self.ended}",
                "a trust that is valid, or a version that was released before",
            )
        return statement

    def signed_by(
        self, envelope: Envelope, role: str, *, states: tuple[str, ...] = ("active",)
    ) -> frozenset[str]:
        """Return the ids of a role's keys, in certain states, whose signature is valid."""
        usable = [keyid for keyid in self.roles[role].keyids if self.keys[keyid].state in states]
        return frozenset(keyid for keyid in usable if _is_signed_by(envelope, self.keys[keyid].key))

    def active_keys(self, role: str) -> frozenset[str]:
        """Return the ids of a role's active keys; none if there is no such role."""
        keyids = self.roles[role].keyids if role in self.roles else frozenset()
        return frozenset(keyid for keyid in keyids if self.keys[keyid].state == "active")

    def _check_threshold(self, envelope: Envelope, role: str, name: str, *, released: bool) -> None:
        if role not in self.roles:
            raise _unverified(name, f"no role {role!r} in trust {self.label}", "a declared role")
        states = ("active", "superseded") if released else ("active",)
        valid = self.signed_by(envelope, role, states=states)
        threshold = self.roles[role].threshold
        if len(valid) < threshold:
            raise _unverified(
                name,
                f"{len(valid)} valid signatures by {self._why(envelope, role)}",
                f"{threshold} by active keys of role {role} (trust {self.label})",
            )

    def _why(self, envelope: Envelope, role: str) -> str:
        notes = [
            f"{keyid[:12]} ({self._note(envelope, keyid, role)})"
            for keyid in sorted(envelope.signatures)
        ]
        return ", ".join(notes) or "nobody"

    def _note(self, envelope: Envelope, keyid: str, role: str) -> str:
        if keyid not in self.keys:
            return "unknown key"
        if keyid not in self.roles[role].keyids:
            return f"not a {role} key"
        state = self.keys[keyid].state
        if state != "active":
            return state
        return "valid" if _is_signed_by(envelope, self.keys[keyid].key) else "does not match"

    @property
    def label(self) -> str:
        """Environment and version, for messages."""
        return f"{self.environment}@{self.version}"

    @property
    def ended(self) -> str:
        """Day of its expiry, for messages."""
        return f"expired on {self.expires.date().isoformat()}"


def load_trust(text: str, *, environment: str, now: datetime) -> Trust:
    """Return the newest version of a trust file after verifying its whole chain.

    An expired one is returned as such (``Trust.expired``) and verifies nothing new.

    Raises:
        TrustError: If any version is malformed, out of order, not validly signed or for another
            environment, or a key is in two roles.
    """
    newest = read_chain(text, environment=environment)[-1]
    return replace(newest, expired=newest.expires <= now)


def read_chain(text: str, *, environment: str | None) -> tuple[Trust, ...]:
    """Return every version of a trust file, oldest first, after verifying its chain.

    No clock is read: none of them says whether it has expired.

    Args:
        text: The file's text.
        environment: The environment that it must be for; ``None`` accepts any.

    Raises:
        TrustError: As ``load_trust``.
    """
    name = f"trust/{environment or 'of any environment'}.yaml"
    try:
        documents = read_yaml_documents(text, name=name)
        envelopes = [record_envelope(document, name=name) for document in documents]
    except DocumentError as error:
        raise _broken(name, error.got, error.expected) from error
    versions = _verify_chain(envelopes, name)
    if environment not in {None, versions[-1].environment}:
        raise _broken(name, f"environment {versions[-1].environment!r}", str(environment))
    return versions


def trust_predicate(trust: Trust) -> dict[str, Any]:
    """Return a trust version as the predicate to sign."""
    return {
        "environment": trust.environment,
        "version": trust.version,
        "expires": trust.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "keys": {
            keyid: {"owner": item.owner, "state": item.state, **item.key.to_dict()}
            for keyid, item in sorted(trust.keys.items())
        },
        "roles": {
            role: {"keyids": sorted(item.keyids), "threshold": item.threshold}
            for role, item in sorted(trust.roles.items())
        },
        "revoked": dict(trust.revoked),
    }


def parse_time(value: object, *, name: str) -> datetime:
    """Return an RFC 3339 timestamp with a time zone as a ``datetime``.

    Raises:
        DocumentError: If it is something else, or has no time zone.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise DocumentError(
            name,
            got=repr(value),
            expected="an RFC 3339 time with zone, such as 2030-01-31T00:00:00Z",
            next_step="write the time in that form",
        )
    return moment


def _verify_chain(envelopes: Iterable[Envelope], name: str) -> tuple[Trust, ...]:
    versions: list[Trust] = []
    for number, envelope in enumerate(envelopes, start=1):
        trusted = versions[-1] if versions else None
        candidate = trust_version(envelope, name=f"{name} version {number}")
        if candidate.version != number:
            raise _broken(name, f"version {candidate.version} at place {number}", str(number))
        for signer in (trusted, candidate):
            if signer is None:
                continue
            try:
                signer.verify(envelope, role="root", name=f"{name} version {number}")
            except VerificationError as error:
                raise _broken(error.what, error.got, error.expected) from error
        if trusted and trusted.environment != candidate.environment:
            raise _broken(name, f"environment {candidate.environment!r}", trusted.environment)
        versions.append(candidate)
    if not versions:
        raise _broken(name, "an empty file", "at least version 1")
    return tuple(versions)


def trust_version(envelope: Envelope, *, name: str) -> Trust:
    """Return the trust version that an envelope states; its signatures are not verified.

    Raises:
        TrustError: If it is malformed, or a key is in two roles.
    """
    try:
        statement = Statement.from_payload(envelope.payload, name=name)
        trust = _from_predicate(statement, name=name)
    except (DocumentError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _broken(name, f"{type(error).__name__}: {error}", "a trust version") from error
    _check_roles(trust, name)
    return trust


def _from_predicate(statement: Statement, *, name: str) -> Trust:
    value = statement.predicate
    if statement.predicate_type != TRUST:
        raise ValueError(f"predicate type {statement.predicate_type!r}")
    if set(value) != _FIELDS:
        raise ValueError(f"fields {sorted(value)}")
    keys = {keyid: _key(keyid, dict(item)) for keyid, item in value["keys"].items()}
    roles = {
        role: Role(keyids=frozenset(item["keyids"]), threshold=_threshold(item))
        for role, item in value["roles"].items()
    }
    return Trust(
        environment=str(value["environment"]),
        version=int(value["version"]),
        expires=parse_time(value["expires"], name=f"{name} expires"),
        keys=keys,
        roles=roles,
        revoked={
            parse_sha256(digest, name=f"{name} revoked"): str(reason)
            for digest, reason in value["revoked"].items()
        },
    )


def _key(keyid: str, value: dict[str, Any]) -> TrustedKey:
    owner, state = value.pop("owner"), value.pop("state")
    if state not in KEY_STATES:
        raise ValueError(f"key state {state!r}")
    return TrustedKey(key=Key.from_dict(keyid, value), owner=str(owner), state=state)


def _threshold(role: Mapping[str, Any]) -> int:
    threshold = role["threshold"]
    # `isinstance` would accept `true`: bool is a subclass of int.
    if type(threshold) is not int or not 1 <= threshold <= len(set(role["keyids"])):
        raise ValueError(f"threshold {threshold!r} of {len(role['keyids'])} keys")
    return threshold


def _check_roles(trust: Trust, name: str) -> None:
    unknown = set(trust.roles) - ROLES
    if unknown or "root" not in trust.roles:
        raise _broken(name, f"roles {sorted(trust.roles)}", f"root and some of {sorted(ROLES)}")
    # Compared by key material: one key under two ids could meet a threshold of two alone.
    role_of: dict[str, str] = {}
    for role, item in trust.roles.items():
        for keyid in item.keyids:
            if keyid not in trust.keys:
                raise _broken(name, f"key {keyid[:12]} of role {role} undeclared", "a listed key")
            material = str(trust.keys[keyid].key.keyval.get("public", keyid)).strip()
            if material in role_of:
                raise _broken(
                    name,
                    f"key {keyid[:12]} in role {role} and again in {role_of[material]}",
                    "each key in one role, once",
                )
            role_of[material] = role


def _is_signed_by(envelope: Envelope, key: Key) -> bool:
    signature = envelope.signatures.get(key.keyid)
    if signature is None:
        return False
    try:
        # DSSE signs PAE(payloadType, payload), which binds the type to the signature:
        # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
        key.verify_signature(signature, envelope.pae())
    except UnverifiedSignatureError:
        return False
    return True
