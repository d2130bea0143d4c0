"""Drafts of records (YAML): what a role is asked to sign, and where the record goes.

A draft is ``{role, path, predicateType, predicate}`` and optionally ``subject`` (names and SHA-256
digests); by default a record's subject is its own predicate.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from string import Formatter
from typing import Any, Final, cast

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.placeholders import is_placeholder
from mobile_ai.contracts.predicates import (
    PREDICATES,
    PredicateModel,
    PredicateType,
    check_role,
    read_predicate,
    type_named,
)
from mobile_ai.contracts.records import Record
from mobile_ai.contracts.statements import Statement, Subject, statement_of
from mobile_ai.signing.errors import SigningError

STAGED: Final = "staged"
"""Folder of records whose role needs more signatures, below that of its type."""
_KEYS: Final = ("role", "path", "predicateType", "predicate")
_refused = SigningError.advising("correct the draft; nothing was written (docs/records.md)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDraft:
    """A record to sign.

    Attributes:
        role: The role that signs it.
        path: Its path in the repository.
        statement: Its statement.
        row: The row of its type.
        scope: The stack or environment in its path; empty where the path has none.
    """

    role: str
    path: str
    statement: Statement
    row: PredicateType
    scope: str = ""


def load_drafts(folder: Path) -> list[RecordDraft]:
    """Read every draft of a folder in order of file names (see ``load_draft``)."""
    return [load_draft(path) for path in sorted(folder.glob("*.yaml"))]


def load_draft(path: Path) -> RecordDraft:
    """Read a draft.

    Raises:
        SigningError: If it has other fields, a type that nobody drafts, a role that may not sign
            its type, or a path outside of the folder of its type.
        GovernanceError: If it cannot be read, or its predicate does not follow its model.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(str(path), str(error), "a draft") from error
    return draft_of(read_yaml(text, name=path.name), name=path.name)


def draft_of(value: Any, *, name: str) -> RecordDraft:
    """Return a draft from its parsed file (see ``load_draft``)."""
    if not isinstance(value, dict) or set(value) - {"subject"} != set(_KEYS):
        got = f"fields {sorted(value) if isinstance(value, dict) else value!r}"
        raise _refused(f"record draft {name}", got, f"{list(_KEYS)}, and subject if need be")
    row = row_named(str(value["predicateType"]))
    if not isinstance(value["predicate"], dict):
        raise _refused(f"record draft {name}: predicate", repr(value["predicate"]), "a mapping")
    subjects = _subjects(value.get("subject", []), name)
    statement = statement_of(row.uri, value["predicate"], subjects=subjects)
    try:
        check_role(statement, str(value["role"]), name=name)
        content = read_predicate(statement, name=name)
    except DocumentError as error:
        raise _refused(error.what, error.got, error.expected) from error
    if left := next(_left_open(value["predicate"]), None):
        raise _refused(f"{name}: predicate", f"{left!r}, which stands for a value", "the value")
    path, scope = _place(str(value["path"]), row, name)
    stack = getattr(content, "stack", scope)
    if "{stack}" in row.folder and stack != scope:
        raise _refused(f"{name}: stack", f"{stack!r} in a record of {scope!r}", f"{scope!r}")
    return RecordDraft(
        role=str(value["role"]), path=path, statement=statement, row=row, scope=scope
    )


def row_named(name: str) -> PredicateType:
    """Return the row of a type that people draft and a trust's keys sign.

    Raises:
        SigningError: If there is none.
    """
    row = type_named(name)
    if row is not None and row.signed_by == "release":
        raise SigningError(
            f"record type {row.name}",
            got="a document of the release metadata, signed by its role models",
            expected="a type that the trust's keys sign",
            next_step="request it with `mobile-ai release lift`, then `mobile-ai release sign`",
        )
    if row is None or not row.drafted:
        names = [item.name for item in PREDICATES.values() if item.drafted]
        raise _refused(f"record type {name!r}", "no type that is drafted", f"one of {names}")
    return row


def draft_text(row: PredicateType, draft: Mapping[str, Any]) -> str:
    """Return a draft as YAML with the meaning of each field as a comment."""
    model = cast("type[PredicateModel]", row.model)
    head = f"# {row.title}\n# Roles that may sign it: {', '.join(row.roles)}.\n"
    if row.life is not None:
        head += f"# It expires {row.life.days} days after its issue at the latest.\n"
    notes = [
        f"#   {field.alias}: {field.description or 'see the schema'}"
        f"{'' if field.is_required() or field.alias in row.new_needs else ' (optional)'}"
        for field in model.model_fields.values()
    ]
    return head + "# Fields of the predicate:\n" + "\n".join(notes) + "\n" + dump_yaml(dict(draft))


def commented(row: PredicateType, *, path: str, now: datetime) -> str:
    """Return an empty draft: every required field is to be filled in."""
    model = cast("type[PredicateModel]", row.model)
    predicate = {
        str(field.alias): now.strftime("%Y-%m-%dT%H:%M:%SZ") if name == "issued" else "TODO"
        for name, field in model.model_fields.items()
        if field.is_required() or field.alias in row.new_needs
    }
    draft: dict[str, Any] = {
        "role": row.roles[0] if len(row.roles) == 1 else "TODO",
        "path": path,
        "predicateType": row.uri,
        "predicate": predicate,
    }
    if row.about:
        draft["subject"] = [{"name": "TODO", "sha256": "TODO"}]
    return draft_text(row, draft)


def check_fit(
    draft: RecordDraft, unfit: Callable[[Record[PredicateModel]], str], *, name: str
) -> None:
    """Refuse a draft of a record that would never be valid, such as a waiver of no rule.

    Args:
        draft: The draft.
        unfit: Returns why a record is never valid; empty if it can be.
        name: Of the draft, for messages.

    Raises:
        SigningError: With that reason.
    """
    content = read_predicate(draft.statement, name=name)
    if content is None:
        return
    record = Record(name=name, role=draft.role, statement=draft.statement, content=content)
    if why := unfit(record):
        raise _refused(name, why, "a record that can be valid (docs/policies.md)")


def check_new(draft: RecordDraft, *, now: datetime, name: str) -> None:
    """Refuse a draft that would not count: expired, too long, or without a field of new records.

    Raises:
        SigningError: Naming the field.
    """
    row, predicate = draft.row, draft.statement.predicate
    for key in row.new_needs:
        if predicate.get(key) is None:
            raise _refused(f"{name}: {key}", "nothing", "a value, as every new record has")
    content = read_predicate(draft.statement, name=name)
    ends = content.ends if content else None
    if ends is None:
        return
    if ends <= now:
        raise _refused(f"{name}: expires", f"expired on {ends.isoformat()}", f"after {now.date()}")
    begins = content.starts if content and content.starts else now
    if row.life is not None and ends - begins > row.life:
        got = f"{(ends - begins).days} days"
        raise _refused(f"{name}: expires", got, f"{row.life.days} days at most")


def _left_open(value: Any) -> Iterator[str]:
    """Yield the texts of a predicate that were not filled in."""
    if isinstance(value, str):
        if is_placeholder(value):
            yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _left_open(item)


def _subjects(value: Any, name: str) -> tuple[Subject, ...]:
    try:
        listed = [Subject(str(item["name"]), str(item["sha256"])) for item in value]
    except (KeyError, TypeError) as error:
        raise _refused(f"{name}: subject", json.dumps(value), "name and sha256 of each") from error
    for item in listed:
        if len(item.sha256) != 64 or set(item.sha256) - set("0123456789abcdef"):  # noqa: PLR2004
            raise _refused(f"{name}: subject {item.name}", item.sha256, "a SHA-256 digest")
    return tuple(listed)


def _place(path: str, row: PredicateType, name: str) -> tuple[str, str]:
    """Return the path and the stack or environment that it names."""
    pure, pattern = PurePosixPath(path), PurePosixPath(row.folder)
    parts = pure.parts
    fits = (
        not pure.is_absolute()
        and pure.suffix == ".yaml"
        and not any(part.startswith(".") for part in parts)
        and len(parts) == len(pattern.parts) + 1
        and all(
            part == wanted or _is_field(wanted)
            for part, wanted in zip(parts, pattern.parts, strict=False)
        )
    )
    if not fits:
        raise _refused(f"{name}: path", repr(path), f"a YAML file in {row.folder}/")
    scopes = [part for part, wanted in zip(parts, pattern.parts, strict=False) if _is_field(wanted)]
    return str(pure), scopes[0] if scopes else ""


def scope_in(path: str, row: PredicateType) -> str:
    """Return the stack or environment that a record's place names; empty elsewhere."""
    pattern = PurePosixPath(row.folder).parts
    parts = [part for part in PurePosixPath(path).parts[:-1] if part != STAGED]
    last = parts[-len(pattern) :] if len(parts) >= len(pattern) else []
    pairs = list(zip(last, pattern, strict=False))
    if not all(part == wanted or _is_field(wanted) for part, wanted in pairs):
        return ""
    return next((part for part, wanted in pairs if _is_field(wanted)), "")


def _is_field(part: str) -> bool:
    return any(name for _, name, _, _ in Formatter().parse(part))
