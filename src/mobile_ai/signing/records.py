"""Signs records, each by a role of its type.

Everything is checked before anything is written. A record whose role needs more signatures than
one person gives waits in ``staged/`` of its folder, which no plan carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.dsse import Envelope
from securesystemslib.signer import Signer

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.files import remove_written
from mobile_ai.contracts.predicates import row_of
from mobile_ai.contracts.records import verify_record
from mobile_ai.contracts.statements import (
    Statement,
    dump_record,
    load_record,
    record_envelope,
    sign_statement,
)
from mobile_ai.contracts.trust import Trust, load_trust
from mobile_ai.signing.drafts import STAGED, RecordDraft, check_new, draft_of
from mobile_ai.signing.errors import SigningError
from mobile_ai.signing.files import check_targets, write_files
from mobile_ai.signing.roles import check_key, valid_signatures
from mobile_ai.stack.reader import read_settings, stack_names

TRUST_FOLDER: Final = "policy-pack/trust"
"""Folder of the trust files."""
_KEYS: Final = frozenset({"predicateType", "subject", "predicate", "signatures"})
_refused = SigningError.advising(
    "sign with the right key and draft (docs/records.md); nothing was written"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """Result of a signature.

    Attributes:
        path: The file that was written.
        signatures: Valid signatures by keys of the role.
        threshold: How many the role needs.
        changed: Whether a file was written; a second signature by the same key changes nothing.
        dropped: Signatures of the file before that do not count for this content.
        starts: Begin of its validity, if any.
    """

    path: Path
    signatures: int
    threshold: int
    changed: bool = True
    dropped: int = 0
    starts: datetime | None = None

    @property
    def complete(self) -> bool:
        """True if the record counts; otherwise it is staged."""
        return self.signatures >= self.threshold


def environment_of(draft: RecordDraft, root: Path) -> str:
    """Return the environment whose trust a draft is signed under; empty if its path names none.

    Raises:
        SigningError: If it is for a stack or environment that the repository does not have.
    """
    if "{stack}" in draft.row.folder:
        if draft.scope not in stack_names(root):
            got = f"stack {draft.scope!r}"
            raise _refused(draft.path, got, f"one of {sorted(stack_names(root))}")
        return read_settings(draft.scope, root=root).environment
    if draft.scope and not (root / TRUST_FOLDER / f"{draft.scope}.yaml").is_file():
        got = f"environment {draft.scope!r}"
        raise _refused(draft.path, got, f"one with a trust file in {TRUST_FOLDER}/")
    return draft.scope


def trust_for(environment: str, root: Path, *, now: datetime) -> Trust:
    """Return the trust of an environment.

    Raises:
        SigningError: If there is none.
        TrustError: If it is not valid.
    """
    path = root / TRUST_FOLDER / f"{environment}.yaml"
    if not path.is_file():
        raise SigningError(
            str(path),
            got="no such file",
            expected=f"the trust of {environment!r}",
            next_step="run the command at the top of the repository, or name an --environment",
        )
    return load_trust(path.read_text("utf-8"), environment=environment, now=now)


def read_draft_or_staged(path: Path, root: Path, *, role: str = "") -> RecordDraft:
    """Return the draft in a file, which may be a staged record that others signed before.

    Args:
        path: The file.
        root: The repository.
        role: Role that signs a staged record, where several may sign its type.

    Raises:
        GovernanceError: If it is neither.
    """
    try:
        value = read_yaml(path.read_text("utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(
            str(path), getattr(error, "strerror", "") or str(error), "a draft"
        ) from error
    if not isinstance(value, dict) or set(value) != _KEYS:
        draft = draft_of(value, name=path.name)
        if role not in {"", draft.role}:
            raise _refused(str(path), f"role {draft.role}", f"role {role}, as asked")
        return draft
    statement = Statement.from_payload(
        record_envelope(value, name=path.name).payload, name=path.name
    )
    row = row_of(statement, name=path.name)
    folder = path.resolve().parent
    if folder.name != STAGED or not folder.is_relative_to(root.resolve()):
        raise _refused(str(path), "a signed record", "a draft, or a record in a folder staged/")
    if not role and len(row.roles) > 1:
        raise _refused(str(path), f"a staged {row.name}", f"--role, one of {list(row.roles)}")
    target = folder.parent.relative_to(root.resolve()) / path.name
    return draft_of(
        {
            "role": role or row.roles[0],
            "path": target.as_posix(),
            "predicateType": statement.predicate_type,
            "predicate": dict(statement.predicate),
            "subject": [{"name": item.name, "sha256": item.sha256} for item in statement.subjects],
        },
        name=path.name,
    )


def sign_record(
    draft: RecordDraft, signers: Sequence[Signer], *, trust: Trust, root: Path, now: datetime
) -> SignedRecord:
    """Sign a draft into its place, or stage it until its role's threshold is met.

    Raises:
        GovernanceError: If a key may not sign it, the trust has expired, the draft would not
            count, or its place cannot be written or holds another file; nothing is written then.
    """
    if trust.expires <= now and not draft.row.withdraws:
        raise SigningError(
            f"trust {trust.label}",
            got=f"expired on {trust.expires.isoformat()}",
            expected="a valid trust; an expired one signs nothing new but its successor",
            next_step=f"have its root keys sign the next version of {TRUST_FOLDER}/",
        )
    wanted = environment_of(draft, root)
    if wanted and trust.environment != wanted:
        got = f"trust of {trust.environment!r} for a record of {wanted!r}"
        raise _refused(draft.path, got, f"the trust of {wanted!r}")
    for signer in signers:
        check_key(signer.public_key, role=draft.role, trust=trust, withdraws=draft.row.withdraws)
    check_new(draft, now=now, name=draft.path)
    target, staged = root / draft.path, _staged(root / draft.path)
    before = [_before(path, draft) for path in (target, staged)]
    known = {key: value for item in before if item for key, value in item.signatures.items()}
    envelope = sign_statement(draft.statement, signers)
    # A signature that is there stays: ECDSA signs the same content differently each time.
    envelope.signatures.update(valid_signatures(known, envelope, draft.role, trust))
    dropped = len(set(known) - set(envelope.signatures))
    done = len(valid_signatures(envelope.signatures, envelope, draft.role, trust))
    threshold = trust.roles[draft.role].threshold
    text = dump_record(envelope)
    if done < threshold:
        changed = not staged.is_file() or staged.read_text("utf-8") != text
        write_files({staged: text}, replace=before[1] is not None)
        return SignedRecord(
            path=staged, signatures=done, threshold=threshold, changed=changed, dropped=dropped
        )
    record = verify_record(envelope, name=draft.path, trust=trust)
    changed = not target.is_file() or target.read_text("utf-8") != text
    write_files({target: text}, replace=before[0] is not None)
    remove_written(staged, to=target)
    return SignedRecord(
        path=target,
        signatures=done,
        threshold=threshold,
        changed=changed,
        dropped=dropped,
        starts=record.content.starts,
    )


def record_text(draft: RecordDraft, signer: Signer) -> str:
    """Return a draft as the text of a record with one signature."""
    return dump_record(sign_statement(draft.statement, [signer]))


def _staged(target: Path) -> Path:
    return target.parent / STAGED / target.name


def _before(path: Path, draft: RecordDraft) -> Envelope | None:
    """Return the record that is at a path, which must be of the same content.

    Raises:
        SigningError: If another file is there, or the path cannot be written.
    """
    if not path.exists() and not path.is_symlink():
        check_targets({path: ""})
        return None
    check_targets({path: ""}, replace=True)
    try:
        envelope = load_record(path.read_text("utf-8"), name=path.name)
    except (GovernanceError, UnicodeDecodeError) as error:
        raise _refused(str(path), "another file", "none, or the same record") from error
    if Statement.from_payload(envelope.payload, name=path.name) != draft.statement:
        raise SigningError(
            str(path),
            got="a record with another content",
            expected="none, or the same record",
            next_step="choose another path in the draft, or remove the old record "
            "(docs/records.md)",
        )
    return envelope
