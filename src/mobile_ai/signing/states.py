"""States which records of a repository count, and why others do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from securesystemslib.dsse import Envelope

from mobile_ai.contracts.assessment_scope import is_about
from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.predicates import (
    PREDICATES,
    AssessmentScopePredicate,
    PredicateModel,
    PredicateType,
    row_of,
)
from mobile_ai.contracts.records import Record, verify_record
from mobile_ai.contracts.roots import read_roots
from mobile_ai.contracts.roots_folder import ROOTS_FILE, pack_text
from mobile_ai.contracts.statements import Statement, load_record
from mobile_ai.contracts.trust import Trust
from mobile_ai.signing.drafts import STAGED, scope_in
from mobile_ai.signing.records import TRUST_FOLDER, trust_for
from mobile_ai.signing.roles import valid_signatures
from mobile_ai.stack.listed import stacks_and_environments
from mobile_ai.stack.reader import read_settings, stack_names
from mobile_ai.stack.records import RecordError, misplaced

_REMOVE: Final = "remove it, or sign another in its place (docs/records.md)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordState:
    """State of a record under a trust.

    Attributes:
        path: The file.
        type: Short name of its type; empty if unknown.
        role: The role that signed it; empty if none did.
        owners: Owners of the keys that signed it.
        expires: End of validity, if any.
        state: ``counts``, ``expires in 12 days``, ``staged: 1 of 2 signatures``, ``expired`` or
            ``refused``.
        why: Reason of a refusal.
    """

    path: str
    type: str = ""
    role: str = ""
    owners: tuple[str, ...] = ()
    expires: datetime | None = None
    state: str
    why: str = ""

    @property
    def counts(self) -> bool:
        """True if it counts now."""
        return self.state == "counts" or self.state.startswith("expires in")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "path": self.path,
            "type": self.type,
            "role": self.role,
            "owners": list(self.owners),
            "expires": self.expires.isoformat() if self.expires else None,
            "state": self.state,
            "counts": self.counts,
            "why": self.why,
        }


Unfit = Callable[[Record[PredicateModel]], str]
"""Returns why a verified record is never valid, such as a waiver of no rule; empty if it can be."""


def _always_fit(_: Record[PredicateModel]) -> str:
    return ""


def record_state(
    text: str,
    *,
    name: str,
    trust: Trust,
    now: datetime,
    manifest: str | None = None,
    unfit: Unfit = _always_fit,
) -> RecordState:
    """Return whether a record counts under a trust.

    Args:
        text: The record.
        name: Its path.
        trust: The trust.
        now: The time at which it counts or not.
        manifest: Text of the manifest that it lies beside, which a scope must be about.
        unfit: Returns why a verified record is never valid.
    """
    try:
        envelope = load_record(text, name=name)
        statement = Statement.from_payload(envelope.payload, name=name)
        row = row_of(statement, name=name)
    except GovernanceError as error:
        return RecordState(path=name, state="refused", why=str(error))
    owners = tuple(
        trust.keys[keyid].owner if keyid in trust.keys else f"unknown key {keyid[:12]}"
        for keyid in envelope.signatures
    )
    try:
        record = verify_record(envelope, name=name, trust=trust)
    except GovernanceError as error:
        state, why = _unfinished(envelope, row, trust), str(error)
        return RecordState(
            path=name, type=row.name, owners=owners, state=state or "refused", why=why
        )
    if why := _of_no_use(record, row, manifest, unfit):
        return RecordState(path=name, type=row.name, owners=owners, state="refused", why=why)
    ends = record.content.ends
    return RecordState(
        path=name,
        type=row.name,
        role=record.role,
        owners=owners,
        expires=ends,
        state=_validity(record.content.starts, ends, now),
    )


def _of_no_use(
    record: Record[PredicateModel], row: PredicateType, manifest: str | None, unfit: Unfit
) -> str:
    """Return why a verified record counts nowhere, or not in its place; empty if it does."""
    name, content = record.name, record.content
    scope = scope_in(name, row)
    stack = getattr(content, "stack", scope)
    if "{stack}" in row.folder and scope and stack != scope:
        return (
            f"{name}: got a record of stack {stack!r}; expected one of {scope!r}, as its folder "
            "says. Next: remove it, or sign one for this stack (`mobile-ai record sign`)"
        )
    if isinstance(content, AssessmentScopePredicate) and not _is_beside(record, content, manifest):
        return (
            f"{name}: got a scope of {content.model} {content.version} under another digest or "
            "risk class than those of the version beside it; expected one of the version whose "
            f"folder it is in. Next: move it back, or remove it (`mobile-ai model scope` signs one)"
        )
    why = unfit(record)
    return f"{name}: got {why}; expected a record that can be valid. Next: {_REMOVE}" if why else ""


def _is_beside(
    record: Record[PredicateModel], content: AssessmentScopePredicate, manifest: str | None
) -> bool:
    if manifest is None:
        return False
    found, values = read_manifest(manifest, name="manifest.yaml")
    return is_about(record.statement, content, found, digest=manifest_digest(values))


def file_state(
    path: Path, *, name: str, trust: Trust, now: datetime, unfit: Unfit = _always_fit
) -> RecordState:
    """Return whether the record in a file counts under a trust, where it lies.

    Raises:
        GovernanceError: If the manifest beside it cannot be used.
        OSError: If it cannot be read.
        UnicodeDecodeError: If it is no text.
    """
    beside = path.absolute().parent.parent / "manifest.yaml"
    manifest = beside.read_text("utf-8") if beside.is_file() else None
    return record_state(
        path.read_text("utf-8"), name=name, trust=trust, now=now, manifest=manifest, unfit=unfit
    )


def list_records(root: Path, *, now: datetime, unfit: Unfit = _always_fit) -> Iterator[RecordState]:
    """Yield the state of every record of a repository: staged ones, scopes and misplaced ones too.

    Args:
        root: The repository.
        now: The time at which they count or not.
        unfit: Returns why a verified record is never valid.
    """
    for environment, path in record_files(root):
        yield _listed(root, environment, path, now=now, unfit=unfit)
    environments = [path.stem for path in _trusts(root)]
    for path in sorted(root.glob("models/*/*/scope/*.yaml")):
        found = [_listed(root, item, path, now=now, unfit=unfit) for item in environments]
        # An environment whose keys did not sign a scope has no say in it.
        yield next(
            (item for item in found if item.counts), found[0] if found else _lost(path, root)
        )
    for error in _misplaced(root):
        yield RecordState(path=error.what, state="refused", why=str(error))


def _listed(
    root: Path, environment: str, path: Path, *, now: datetime, unfit: Unfit
) -> RecordState:
    name = path.relative_to(root).as_posix()
    try:
        trust = trust_for(environment, root, now=now)
        return file_state(path, name=name, trust=trust, now=now, unfit=unfit)
    except (GovernanceError, OSError, UnicodeDecodeError) as error:
        return RecordState(path=name, state="refused", why=str(error))


def _lost(path: Path, root: Path) -> RecordState:
    name = path.relative_to(root).as_posix()
    why = (
        f"{name}: got no trust in {TRUST_FOLDER}; expected one that verifies it. "
        "Next: `mobile-ai trust new` begins one"
    )
    return RecordState(path=name, state="refused", why=why)


def _misplaced(root: Path) -> Iterator[RecordError]:
    pack = root / "policy-pack"
    has_roots = (pack / ROOTS_FILE).is_file()
    roots = read_roots(pack_text(pack, ROOTS_FILE)) if has_roots else None
    stacks, environments = stacks_and_environments(root, roots)
    for pattern in _patterns():
        folder, _, field = pattern.rpartition("/")
        kind = field.strip("{}")
        yield from misplaced(root, folder, stacks if kind == "stack" else environments, kind=kind)


def record_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield environment and file of every record, staged ones included."""
    for environment, folder in _folders(root):
        paths = [*(root / folder).glob("*.yaml"), *(root / folder / STAGED).glob("*.yaml")]
        for path in sorted(paths):
            yield environment, path


def _patterns() -> list[str]:
    rows = [row for row in PREDICATES.values() if row.drafted and row.signed_by == "trust"]
    return sorted({row.folder for row in rows})


def _trusts(root: Path) -> list[Path]:
    return sorted((root / TRUST_FOLDER).glob("*.yaml"))


def _folders(root: Path) -> Iterator[tuple[str, str]]:
    patterns = _patterns()
    for stack in stack_names(root):
        environment = read_settings(stack, root=root).environment
        for pattern in patterns:
            if "{stack}" in pattern:
                yield environment, pattern.format(stack=stack)
    for path in _trusts(root):
        for pattern in patterns:
            if "{environment}" in pattern:
                yield path.stem, pattern.format(environment=path.stem)


def _unfinished(envelope: Envelope, row: PredicateType, trust: Trust) -> str:
    for role in row.roles:
        if role not in trust.roles:
            continue
        done = len(valid_signatures(envelope.signatures, envelope, role, trust))
        if 0 < done < trust.roles[role].threshold:
            return f"staged: {done} of {trust.roles[role].threshold} signatures"
    return ""


def _validity(starts: datetime | None, ends: datetime | None, now: datetime) -> str:
    if starts is not None and now < starts:
        return f"counts from {starts.date()}"
    if ends is None:
        return "counts"
    if ends <= now:
        return "expired"
    days = math.ceil((ends - now) / timedelta(days=1))
    return f"expires in {days} day{'s' * (days != 1)}"
