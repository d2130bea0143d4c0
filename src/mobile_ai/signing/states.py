"""States which records of a repository count, and why others do not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.predicates import PREDICATES, PredicateType, row_of
from mobile_ai.contracts.records import verify_record
from mobile_ai.contracts.statements import Statement, load_record
from mobile_ai.contracts.trust import Trust
from mobile_ai.signing.drafts import STAGED, scope_in
from mobile_ai.signing.records import TRUST_FOLDER, trust_for
from mobile_ai.signing.roles import valid_signatures
from mobile_ai.stack.reader import read_settings, stack_names


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


def record_state(text: str, *, name: str, trust: Trust, now: datetime) -> RecordState:
    """Return whether a record counts under a trust."""
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
    scope = scope_in(name, row)
    stack = getattr(record.content, "stack", scope)
    if "{stack}" in row.folder and scope and stack != scope:
        why = (
            f"{name}: got a record of stack {stack!r}; expected one of {scope!r}, as its folder "
            "says. Next: remove it, or sign one for this stack (`mobile-ai record sign`)"
        )
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


def list_records(root: Path, *, now: datetime) -> Iterator[RecordState]:
    """Yield the state of every record of every stack and environment, staged ones included."""
    for environment, path in record_files(root):
        name = path.relative_to(root).as_posix()
        try:
            trust = trust_for(environment, root, now=now)
            yield record_state(path.read_text("utf-8"), name=name, trust=trust, now=now)
        except (GovernanceError, OSError, UnicodeDecodeError) as error:
            yield RecordState(path=name, state="refused", why=str(error))


def record_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield environment and file of every record, staged ones included."""
    for environment, folder in _folders(root):
        paths = [*(root / folder).glob("*.yaml"), *(root / folder / STAGED).glob("*.yaml")]
        for path in sorted(paths):
            yield environment, path


def _folders(root: Path) -> Iterator[tuple[str, str]]:
    rows = [row for row in PREDICATES.values() if row.drafted and row.signed_by == "trust"]
    patterns = sorted({row.folder for row in rows})
    for stack in stack_names(root):
        environment = read_settings(stack, root=root).environment
        for pattern in patterns:
            if "{stack}" in pattern:
                yield environment, pattern.format(stack=stack)
    for path in sorted((root / TRUST_FOLDER).glob("*.yaml")):
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
