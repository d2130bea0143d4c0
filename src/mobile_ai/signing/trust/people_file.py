"""People and their keys as given to `mobile-ai trust new`: options, or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mobile_ai.contracts.files import read_model
from mobile_ai.signing.trust.changes import NewKey
from mobile_ai.signing.trust.people import TrustChangeError, check_role_name, owner_text
from mobile_ai.signing.trust.public_keys import read_public_key

_malformed = TrustChangeError.advising("docs/people.md shows both forms; nothing was written")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListedPerson(_Model):
    """A person and the public key of each of their roles."""

    person: str
    keys: dict[str, str] = Field(min_length=1)


class PeopleFile(_Model):
    """People of a new trust; paths of keys are relative to the file."""

    people: tuple[ListedPerson, ...] = Field(min_length=1)
    thresholds: dict[str, int] = Field(default_factory=dict)


def people_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of people."""
    return PeopleFile.model_json_schema()


def read_people(path: Path) -> tuple[list[NewKey], dict[str, int]]:
    """Return the keys and the thresholds in a file of people.

    Raises:
        TrustChangeError: If it is malformed, or a key cannot be read.
    """
    expected = "people: [{person: Name <mail>, keys: {role: key}}]"
    file = read_model(PeopleFile, path, refused=_malformed, expected=expected)
    keys = [
        _new_key(item.person, role, source, base=path.parent)
        for item in file.people
        for role, source in item.keys.items()
    ]
    return keys, dict(file.thresholds)


def parse_people(options: Iterable[str]) -> list[NewKey]:
    """Return the keys that options `Name <mail>=role:key,role:key` name.

    Raises:
        TrustChangeError: If one has another form, or a key cannot be read.
    """
    found = []
    for option in options:
        person, sign, rest = option.partition(">=")
        pairs = [item.partition(":") for item in rest.split(",")]
        if not sign or not all(role and source for role, _, source in pairs):
            raise _malformed(
                f"--person {option!r}",
                "another form",
                '"Ana Lima <ana@example.com>=root:ana.pub,security:ana-security.pub"',
            )
        found += [_new_key(f"{person}>", role, source, base=Path()) for role, _, source in pairs]
    return found


def parse_thresholds(options: Sequence[str]) -> dict[str, int]:
    """Return the thresholds that options `ROLE=NUMBER` name.

    Raises:
        TrustChangeError: If one has another form.
    """
    found = {}
    for option in options:
        role, _, count = option.partition("=")
        if not count.isdecimal():
            raise _malformed(f"--threshold {option!r}", "another form", "ROLE=NUMBER")
        found[check_role_name(role)] = int(count)
    return found


def _new_key(person: str, role: str, source: str, *, base: Path) -> NewKey:
    return NewKey(
        owner=owner_text(person),
        role=check_role_name(role),
        key=read_public_key(source, base=base),
    )
