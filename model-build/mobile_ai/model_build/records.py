"""Unsigned record drafts (YAML) to be signed by a role.

A draft is ``{role, path, predicateType, predicate}`` and optionally ``subject`` (pairs of name and
SHA-256); by default a record's subject is its own predicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.statements import (
    Statement,
    Subject,
    dump_record,
    sign_statement,
    statement_of,
)
from mobile_ai.model_build.errors import ModelBuildError

__all__ = ["RecordDraft", "RecordError", "load_drafts", "record_text"]

# Folders of signed records; a draft may not write elsewhere.
_ROOMS: Final = ("usage", "releases", "policy-pack/waivers")
_KEYS: Final = frozenset({"role", "path", "predicateType", "predicate"})


class RecordError(ModelBuildError):
    """A record draft that cannot be signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDraft:
    """A record to sign: its role, its path relative to the repository, and its statement."""

    role: str
    path: str
    statement: Statement


def load_drafts(folder: Path) -> list[RecordDraft]:
    """Read every draft of a folder in order of file names.

    Raises:
        RecordError: If a draft has unexpected fields, a role that may not sign its type, or a path
            outside of the folders of records.
    """
    return [_load(path) for path in sorted(folder.glob("*.yaml"))]


def record_text(draft: RecordDraft, signer: Signer) -> str:
    """Return a draft as the text of a signed record."""
    return dump_record(sign_statement(draft.statement, [signer]))


def _load(path: Path) -> RecordDraft:
    value = read_yaml(path.read_text("utf-8"), name=path.name)
    if not isinstance(value, dict) or set(value) - {"subject"} != _KEYS:
        raise _wrong(path, f"fields {sorted(value) if isinstance(value, dict) else value!r}")
    allowed = ROLES_OF_PREDICATE.get(value["predicateType"], ())
    if value["role"] not in allowed:
        raise _wrong(path, f"role {value['role']!r}, but {value['predicateType']} is of {allowed}")
    target = PurePosixPath(value["path"])
    inside = any(target.is_relative_to(room) for room in _ROOMS)
    if not inside or ".." in target.parts or target.suffix != ".yaml":
        raise _wrong(path, f"path {value['path']!r}, not a YAML file below {list(_ROOMS)}")
    subjects = [Subject(item["name"], item["sha256"]) for item in value.get("subject", [])]
    predicate: dict[str, Any] = value["predicate"]
    statement = statement_of(value["predicateType"], predicate, subjects=subjects)
    return RecordDraft(role=value["role"], path=str(target), statement=statement)


def _wrong(path: Path, got: str) -> RecordError:
    return RecordError(
        f"record draft {path.name}",
        got=got,
        expected=f"{sorted(_KEYS)} with a role that may sign it",
        next_step="fix the draft; mobile_ai.contracts.statements lists the roles by predicate type",
    )
