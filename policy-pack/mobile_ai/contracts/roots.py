"""Roots of the stacks: ``policy-pack/stacks.yaml``, which names each stack's trust and bounds.

The file is either a plain mapping ``stacks``, which the owners of the pack's folder review, or
every version of the signed roots (``urn:mobile-ai:roots:v1``), oldest first, one YAML document
each. Version N+1 is signed by roles of the trusts that versions N *and* N+1 name: by ``security``
for what is not money (two keys for a production stack), by ``finops-approver`` for money. Only
what a version changes needs signatures. Roots never expire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError as UnverifiedError
from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.bounds import MONEY, Bounds
from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.documents import dump_yaml, read_yaml_documents
from mobile_ai.contracts.errors import DocumentError, VerificationError
from mobile_ai.contracts.predicates import ROOTS
from mobile_ai.contracts.statements import (
    PAYLOAD_TYPE,
    Statement,
    dump_record,
    record_envelope,
    statement_of,
)
from mobile_ai.contracts.trust import Trust
from mobile_ai.contracts.vocabulary import ENVIRONMENT_PATTERN, StackClass

_FILE: Final = "stacks.yaml"
_SHA256: Final = r"^[0-9a-f]{64}$"
_PRODUCTION_SIGNERS: Final = 2

_refused = DocumentError.advising("correct policy-pack/stacks.yaml on the protected branch")
_unsigned = VerificationError.advising("have that role sign policy-pack/stacks.yaml")

TrustOf = Callable[[str], Trust]
"""Returns the trust of an environment; a superseded key keeps what it signed."""


class StackRoots(BaseModel):
    """Entry of a stack."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        strict=True,
        defer_build=True,
    )

    environment: Annotated[str, Field(pattern=ENVIRONMENT_PATTERN)] = Field(
        description="Environment that the stack file names, and that its trust is for."
    )
    stack_class: StackClass = Field(
        alias="class",
        description="`development` or `production`: a production stack needs an own domain for "
        "its CDN, and two signatures for the security bounds.",
    )
    trust: str = Field(description="Trust file, below the pack's folder.")
    config: str = Field(description="Pack config, below the pack's folder.")
    release_root: Annotated[str, Field(pattern=rf"{_SHA256}|^$")] = Field(
        default="", description="SHA-256 of the first root of its releases."
    )
    continues: str | None = Field(
        default=None, description="Stack that it takes over from, such as in another region."
    )
    profile: Literal["ours", "foreign"] = Field(
        default="ours", description="`ours`: declared by our components; `foreign`: by others."
    )
    types: list[str] = Field(
        default=[], description="Resource types of a `foreign` stack, by exact token."
    )
    bounds: Bounds = Field(description="Values that the stack file may choose from.")

    @model_validator(mode="after")
    def _types_fit_profile(self) -> StackRoots:
        if bool(self.types) != (self.profile == "foreign"):
            raise ValueError("a foreign stack lists its types, and no other does")
        return self

    @property
    def is_production(self) -> bool:
        """True for a stack of class ``production``."""
        return self.stack_class == "production"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values, without what has its default."""
        value: dict[str, Any] = self.model_dump(by_alias=True, exclude_defaults=True)
        return value


class _Predicate(BaseModel):
    """Signed content of a version of the roots."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    version: int = Field(ge=1, description="Number in the chain, from 1.")
    stacks: dict[str, StackRoots] = Field(description="Stacks by name.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """A version of the roots.

    Attributes:
        version: Its number in the chain; 0 for the plain form.
        stacks: Every stack by its name.
        envelope: The version with its signatures; ``None`` for the plain form.
    """

    version: int
    stacks: Mapping[str, StackRoots]
    envelope: Envelope | None = None

    def stack(self, name: str) -> StackRoots:
        """Return a stack's entry.

        Raises:
            DocumentError: If it is not listed.
        """
        if name not in self.stacks:
            raise DocumentError(
                f"stack {name!r}",
                got="no entry",
                expected=f"one of {sorted(self.stacks)} in policy-pack/{_FILE}",
                next_step="have the stack added to policy-pack/stacks.yaml on the protected branch",
            )
        return self.stacks[name]

    def environments(self, stack_class: StackClass | None = None) -> dict[str, str]:
        """Return the trust file of each environment, of all stacks or of those of a class."""
        return {
            item.environment: item.trust
            for item in self.stacks.values()
            if stack_class in {None, item.stack_class}
        }


@dataclass(frozen=True, slots=True, order=True)
class Needed:
    """Signatures that a version needs by one role of an environment's trust."""

    environment: str
    role: str
    threshold: int


def read_roots(text: str, *, name: str = _FILE) -> Roots:
    """Return the newest version of the roots; signatures are not verified.

    Raises:
        DocumentError: If the file is neither form, a version is out of order, or an entry has a
            missing, unknown or wrong field.
    """
    return _versions(text, name)[-1]


def verify_roots(text: str, *, trust_of: TrustOf, name: str = _FILE) -> Roots:
    """Return the newest version of the signed roots, after the whole chain was verified.

    Args:
        text: The file.
        trust_of: Returns the trust of an environment.
        name: Of the file, for messages.

    Raises:
        DocumentError: As ``read_roots`` does, and if the roots are not signed at all.
        VerificationError: If a version lacks signatures that it needs.
    """
    versions = _versions(text, name)
    before: Roots | None = None
    for after in versions:
        if after.envelope is None:
            raise _refused(name, "the plain form", "signed versions of the roots")
        for needed in needed_signatures(before, after):
            _require(after.envelope, needed, trust_of, f"{name} version {after.version}")
        before = after
    return versions[-1]


def needed_signatures(before: Roots | None, after: Roots) -> list[Needed]:
    """Return the signatures that a version needs, after the one before it.

    Args:
        before: The version before; ``None`` for the first.
        after: The version to sign.
    """
    most: dict[tuple[str, str], int] = {}
    old = before.stacks if before else {}
    for name in sorted({*old, *after.stacks}):
        pair = [item for item in (old.get(name), after.stacks.get(name)) if item is not None]
        for role, threshold in _changed(old.get(name), after.stacks.get(name)):
            for item in pair:
                key = (item.environment, role)
                most[key] = max(most.get(key, 0), threshold)
    return sorted(Needed(environment, role, count) for (environment, role), count in most.items())


def missing_signatures(text: str, *, trust_of: TrustOf, name: str = _FILE) -> list[Needed]:
    """Return the signatures that the newest version of the signed roots still needs.

    Raises:
        DocumentError: As ``read_roots`` does.
    """
    versions = _versions(text, name)
    return [
        item
        for item in _needed_by_last(versions)
        if versions[-1].envelope is None or not _is_met(versions[-1].envelope, item, trust_of)
    ]


def sign_roots(text: str, signer: Signer, *, trust_of: TrustOf, name: str = _FILE) -> str:
    """Return the file with a signature of the newest version; the same key signs once.

    Raises:
        DocumentError: If the roots are in the plain form.
        VerificationError: If no signature that the version needs can be by that key.
    """
    versions = _versions(text, name)
    envelope, keyid = versions[-1].envelope, signer.public_key.keyid
    if envelope is None:
        raise DocumentError(
            name,
            got="the plain form",
            expected="signed versions of the roots",
            next_step="run mobile-ai roots migrate first",
        )
    needed = _needed_by_last(versions)
    if not any(keyid in _active_keys(trust_of(item.environment), item.role) for item in needed):
        roles = sorted({f"{item.role} of {item.environment}" for item in needed})
        raise _unsigned(f"key {keyid[:12]}", "no key of a role that signs this", f"one of {roles}")
    envelope.sign(signer)
    head = [line for line in text.splitlines() if line.startswith("#")]
    signed = [dump_record(item.envelope) for item in versions if item.envelope is not None]
    return "".join(f"{line}\n" for line in head) + "---\n".join(signed)


def draft_roots(stacks: Mapping[str, StackRoots], *, version: int) -> Envelope:
    """Return a version of the roots that nobody has signed yet."""
    predicate = {
        "version": version,
        "stacks": {name: item.to_dict() for name, item in sorted(stacks.items())},
    }
    return Envelope(canonical_bytes(statement_of(ROOTS, predicate).to_dict()), PAYLOAD_TYPE, {})


def migrate_roots(text: str, *, classes: Mapping[str, str] = {}, name: str = _FILE) -> str:
    """Return the plain form as a draft of version 1; signed roots are returned as they are.

    Args:
        text: The file.
        classes: Class by stack, for entries of earlier versions, which have none.
        name: Of the file, for messages.

    Raises:
        DocumentError: As ``read_roots`` does.
    """
    documents = read_yaml_documents(text, name=name)
    if not _is_plain(documents):
        _versions(text, name)
        return text
    value = dict(documents[0])
    if isinstance(value["stacks"], dict):
        value["stacks"] = {
            stack: {"class": classes[stack], **entry}
            if stack in classes and isinstance(entry, dict)
            else entry
            for stack, entry in value["stacks"].items()
        }
    roots = read_roots(dump_yaml(value), name=name)
    head = [line for line in text.splitlines() if line.startswith("#")]
    return "".join(f"{line}\n" for line in head) + dump_record(draft_roots(roots.stacks, version=1))


def roots_schema() -> dict[str, Any]:
    """Return the JSON Schema of a version's predicate, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_Predicate.model_json_schema(by_alias=True),
        "title": f"Predicate of {ROOTS}",
    }


def _versions(text: str, name: str) -> list[Roots]:
    documents = read_yaml_documents(text, name=name)
    if _is_plain(documents):
        stacks = documents[0]["stacks"]
        return [Roots(version=0, stacks=_parsed({"version": 1, "stacks": stacks}, name).stacks)]
    versions = [_version(item, f"{name} version {n}") for n, item in enumerate(documents, start=1)]
    for number, item in enumerate(versions, start=1):
        if item.version != number:
            raise _refused(f"{name} version {number}", f"version {item.version}", str(number))
    if not versions:
        raise _refused(name, "an empty file", "`stacks`, or signed versions of the roots")
    return versions


def _is_plain(documents: list[Any]) -> bool:
    return (
        len(documents) == 1 and isinstance(documents[0], dict) and set(documents[0]) == {"stacks"}
    )


def _version(document: Any, name: str) -> Roots:
    envelope = record_envelope(document, name=name)
    statement = Statement.from_payload(envelope.payload, name=name)
    if statement.predicate_type != ROOTS:
        raise _refused(name, f"predicate type {statement.predicate_type!r}", ROOTS)
    found = _parsed(statement.predicate, name)
    return Roots(version=found.version, stacks=found.stacks, envelope=envelope)


def _parsed(value: Any, name: str) -> _Predicate:
    try:
        return _Predicate.model_validate(dict(value))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (name, *first["loc"])))
        raise _refused(place, first["msg"], _expected(first["loc"])) from error


def _expected(place: tuple[str | int, ...]) -> str:
    if place[-1:] == ("class",):
        return "`class: development` or `class: production`"
    return "the fields of docs/policies.md, `Bounds`"


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


def _needed_by_last(versions: Sequence[Roots]) -> list[Needed]:
    return needed_signatures(versions[-2] if len(versions) > 1 else None, versions[-1])


def _require(envelope: Envelope, needed: Needed, trust_of: TrustOf, name: str) -> None:
    if not _is_met(envelope, needed, trust_of):
        raise _unsigned(
            name,
            "too few signatures by its keys",
            f"{needed.threshold} or more by {needed.role} of {needed.environment}",
        )


def _is_met(envelope: Envelope, needed: Needed, trust_of: TrustOf) -> bool:
    trust = trust_of(needed.environment)
    role = trust.roles.get(needed.role)
    if role is None:
        return False
    # What a key signed while it was active stays signed; a compromised key never counts.
    usable = [trust.keys[keyid] for keyid in role.keyids]
    keys = [item.key for item in usable if item.state in {"active", "superseded"}]
    try:
        envelope.verify(keys, max(needed.threshold, role.threshold))
    except (UnverifiedError, ValueError):
        return False
    return True


def _active_keys(trust: Trust, role: str) -> frozenset[str]:
    found = trust.roles.get(role)
    keyids = found.keyids if found else frozenset()
    return frozenset(keyid for keyid in keyids if trust.keys[keyid].state == "active")
