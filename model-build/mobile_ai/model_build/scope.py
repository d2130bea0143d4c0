"""Scope records: further uses of an approved version, beside its manifest.

The manifest and its digest stay as they are, so a second application changes no pin.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.signer._signer import Signer

from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.errors import VerificationError
from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.predicates import (
    ASSESSMENT_SCOPE,
    AssessmentScopePredicate,
    content_of,
)
from mobile_ai.contracts.statements import (
    Statement,
    Subject,
    dump_record,
    load_envelope,
    load_record,
    sign_statement,
)
from mobile_ai.contracts.trust import Trust
from mobile_ai.model_build.approve import ApprovalError, Assessment, check_signable
from mobile_ai.model_build.writer import MANIFEST_FILE, SCOPE_FOLDER, read_draft

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


def add_scope(
    folder: Path,
    answers: Assessment,
    *,
    name: str,
    signer: Signer,
    issued: datetime,
    expires: datetime,
    trust: Trust | None = None,
) -> tuple[Path, bool]:
    """Sign a further use of a version; return the record's file and whether it was written.

    Args:
        folder: The version folder.
        answers: The reviewer's answers about the new use.
        name: Name of the record's file.
        signer: The reviewer's key.
        issued: Start of validity.
        expires: End of validity.
        trust: If given, the file is written only if its signature verifies against this trust.

    Raises:
        ApprovalError: If the version is not approved, the answers cannot be signed, the signature
            does not verify, or the file exists with another scope. Nothing is written then.
    """
    draft, evidence = read_draft(folder)
    if not _NAME.fullmatch(name):
        raise ApprovalError(
            f"name {name!r}",
            got="another spelling",
            expected="small letters, digits and hyphens, at most 63",
            next_step="name it after the application, as `mobile-ai model scope --name "
            "field-assistant`",
        )
    _check_approved(folder, evidence, answers)
    check_signable(answers, draft.manifest, issued=issued, expires=expires)
    meta = draft.manifest.metadata
    predicate = AssessmentScopePredicate.model_validate(
        {
            "model": meta.name,
            "version": meta.version,
            "issued": issued.isoformat(timespec="seconds"),
            "expires": expires.isoformat(timespec="seconds"),
            **answers.model_dump(exclude={"decision"}),
        }
    )
    path = folder / SCOPE_FOLDER / f"{name}.yaml"
    if path.exists() and _is_same(path, predicate):
        return path, False
    subject = Subject(MANIFEST_FILE, manifest_digest(draft.values))
    values = predicate.model_dump(mode="json", by_alias=True)
    envelope = sign_statement(Statement(ASSESSMENT_SCOPE, (subject,), values), [signer])
    if trust is not None:
        _check_counts(trust, dump_record(envelope), path.name)
    path.parent.mkdir(exist_ok=True)
    write_whole(path, dump_record(envelope).encode())
    return path, True


def _check_approved(folder: Path, evidence: dict[str, str], answers: Assessment) -> None:
    decision = "none"
    if "assessment" in evidence:
        payload = load_envelope(evidence["assessment"], name="assessment").payload
        statement = Statement.from_payload(payload, name="assessment")
        decision = str(statement.predicate.get("decision"))
    if decision != "approved":
        raise ApprovalError(
            f"assessment of {folder.parent.name} {folder.name}",
            got=decision,
            expected="approved: a scope widens an approval and replaces none",
            next_step="have the version approved first: mobile-ai model approve",
        )
    if answers.decision != "approved":
        raise ApprovalError(
            "decision on the new use",
            got=answers.decision,
            expected="approved: a use that is not approved needs no record",
            next_step="write no scope record; remove the use from the stack file",
        )


def _is_same(path: Path, predicate: AssessmentScopePredicate) -> bool:
    """Return whether a record is about the same use; another content is never replaced."""
    payload = load_record(path.read_text("utf-8"), name=path.name).payload
    statement = Statement.from_payload(payload, name=path.name)
    there = content_of(AssessmentScopePredicate, statement, name=path.name)
    times = {"issued": there.issued, "expires": there.expires}
    if predicate.model_copy(update=times) == there:
        return True
    raise ApprovalError(
        str(path),
        got="a record of another use",
        expected="a new name: records are not changed",
        next_step="give another --name, or remove the record in a reviewed change",
    )


def _check_counts(trust: Trust, text: str, name: str) -> None:
    try:
        trust.verify(load_record(text, name=name), role="ethics-reviewer", name=name)
    except VerificationError as error:
        raise ApprovalError(
            error.what,
            got=error.got,
            expected=error.expected,
            next_step="sign with the keys of that role (`mobile-ai trust show`); nothing was "
            "written",
        ) from error
