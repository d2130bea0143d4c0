"""Roots of the stacks: ``policy-pack/stacks.yaml``, which names each stack's trust and bounds.

The file is either a plain mapping ``stacks``, which the owners of the pack's folder review, or
every version of the signed roots (``urn:mobile-ai:roots:v1``), oldest first, one YAML document
each. Version N+1 is signed by roles of the trusts that versions N *and* N+1 name: by ``security``
for what is not money (two keys for a production stack), by ``finops-approver`` for money. Only
what a version changes needs signatures. Roots never expire. ``roots_signatures`` verifies them;
``load_roots`` reads them from a pack's folder, verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from securesystemslib.dsse import Envelope

from mobile_ai.contracts.bounds import Bounds
from mobile_ai.contracts.canonical import canonical_bytes
from mobile_ai.contracts.documents import dump_yaml, read_yaml_documents
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.models import StrictModel
from mobile_ai.contracts.predicates import ROOTS
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.statements import (
    PAYLOAD_TYPE,
    Statement,
    dump_record,
    record_envelope,
    statement_of,
)
from mobile_ai.contracts.vocabulary import ENVIRONMENT_PATTERN, StackClass

_FILE: Final = "stacks.yaml"
_SHA256: Final = r"^[0-9a-f]{64}$"

_refused = DocumentError.advising("correct policy-pack/stacks.yaml on the protected branch")


class StackRoots(StrictModel):
    """Entry of a stack."""

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

    @model_validator(mode="after")
    def _consistent(self) -> _Predicate:
        trusts: dict[str, str] = {}
        for name, item in self.stacks.items():
            if item.continues == name:
                raise ValueError(f"stack {name} continues itself")
            if trusts.setdefault(item.environment, item.trust) != item.trust:
                raise ValueError(f"environment {item.environment} has two trust files")
        return self


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


def read_roots(text: str, *, name: str = _FILE) -> Roots:
    """Return the newest version of the roots; signatures are not verified.

    Raises:
        DocumentError: If the file is neither form, a version is out of order, or an entry has a
            missing, unknown or wrong field.
    """
    return roots_versions(text, name=name)[-1]


def roots_versions(text: str, *, name: str = _FILE) -> list[Roots]:
    """Return every version of the roots, oldest first; signatures are not verified.

    The plain form is one version, number 0.

    Raises:
        DocumentError: As ``read_roots`` does.
    """
    documents = read_yaml_documents(text, name=name)
    if _is_plain(documents):
        plain = _parsed({"version": 1, "stacks": documents[0]["stacks"]}, name)
        return [Roots(version=0, stacks=plain.stacks)]
    versions = [_version(item, f"{name} version {n}") for n, item in enumerate(documents, start=1)]
    for number, item in enumerate(versions, start=1):
        if item.version != number:
            raise _refused(f"{name} version {number}", f"version {item.version}", str(number))
    if not versions:
        raise _refused(name, "an empty file", "`stacks`, or signed versions of the roots")
    return versions


def parse_stacks(values: Mapping[str, Any], *, name: str = _FILE) -> dict[str, StackRoots]:
    """Return entries of stacks from JSON values.

    Raises:
        DocumentError: If one has a missing, unknown or wrong field.
    """
    return _parsed({"version": 1, "stacks": dict(values)}, name).stacks


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
        roots_versions(text, name=name)
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
        first = schema_problem(error)
        expected = f"{first.expected} (docs/policies.md, `Bounds`)"
        if first.place.endswith(".class"):
            expected = "`class: development` or `class: production`"
        raise _refused(first.below(name), first.got, expected) from error
