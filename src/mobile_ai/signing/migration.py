"""Brings the files of a repository to the present formats.

What is signed is never rewritten: its signatures are over its own form, and it stays valid. What
needs signatures in its new form is staged until it has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from mobile_ai.contracts.canonical import statements_key
from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.manifest import API_VERSIONS, read_manifest
from mobile_ai.contracts.predicates import read_predicate, row_of
from mobile_ai.contracts.roots_signatures import Needed
from mobile_ai.contracts.statements import Statement, load_record
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.signing.files import write_files
from mobile_ai.signing.states import record_files
from mobile_ai.signing.trust.history import environments, open_trust
from mobile_ai.stack.reader import read_settings, stack_file_name, stack_names
from mobile_ai.stack.roots_file import RootsFile

Outcome = Literal["migrated", "staged", "signed", "current"]
"""Outcome for a file: rewritten, staged for signatures, kept as it was signed, up to date."""

_PACK: Final = "policy-pack"
_NEWEST: Final = API_VERSIONS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSignatures:
    """Signatures that a staged file needs.

    Attributes:
        environment: Environment whose trust has the keys.
        role: Role of the keys.
        number: How many are needed.
        keys: How many active keys the role has.
        people: Their owners.
    """

    environment: str
    role: str
    number: int
    keys: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigratedFile:
    """A file of the repository and what becomes of it.

    Attributes:
        path: In the repository.
        outcome: See ``Outcome``.
        why: The reason.
        changed: Whether a file is written.
        needs: Signatures that a staged form still needs.
    """

    path: str
    outcome: Outcome
    why: str
    changed: bool = False
    needs: tuple[WantedSignatures, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def migrate_repository(
    root: Path, *, classes: Mapping[str, StackClass], now: datetime, check: bool = False
) -> list[MigratedFile]:
    """Bring every file of a repository to its present format; a second run changes nothing.

    Args:
        root: The repository.
        classes: Class by stack, for entries of ``stacks.yaml`` without one.
        now: The time at which trusts must hold.
        check: Whether to write nothing.

    Raises:
        GovernanceError: If a file cannot be read, or a place cannot be written; nothing is written
            then.
    """
    texts: dict[Path, str] = {}
    found = [
        *_roots(root, texts, classes, now),
        *_trusts(root, now),
        *_stack_files(root),
        *_manifests(root, texts),
        *_records(root),
    ]
    if not check:
        write_files(texts, replace=True)
    return found


def _roots(
    root: Path, texts: dict[Path, str], classes: Mapping[str, StackClass], now: datetime
) -> Iterator[MigratedFile]:
    file = RootsFile(root / _PACK, now=now, classes=classes)
    path, before = _name(root, file.path), file.path.read_text("utf-8")
    if file.in_force != before:
        texts[file.path] = file.in_force
        yield MigratedFile(path=path, outcome="migrated", why="has classes now", changed=True)
    if (text := file.migrated()) == file.in_force:
        yield MigratedFile(path=path, outcome="current", why="signed versions of the roots")
        return
    changed = not file.waits or text != file.text
    if changed:
        texts[file.staged] = text
    yield MigratedFile(
        path=_name(root, file.staged),
        outcome="staged",
        why=f"version 1 of the roots; {path} stays in force until it is signed",
        changed=changed,
        needs=tuple(_wanted(file, item) for item in file.missing(text)),
    )


def _wanted(file: RootsFile, needed: Needed) -> WantedSignatures:
    trust = file.trust_of(needed.environment)
    role = trust.roles.get(needed.role)
    active = trust.active_keys(needed.role) if role else frozenset()
    return WantedSignatures(
        environment=needed.environment,
        role=needed.role,
        number=max(needed.threshold, role.threshold if role else 0),
        keys=len(active),
        people=tuple(sorted({trust.keys[key].owner for key in active})),
    )


def _manifests(root: Path, texts: dict[Path, str]) -> Iterator[MigratedFile]:
    for path in sorted(root.glob("models/[!.]*/[!.]*/manifest.yaml")):
        manifest, values = read_manifest(path.read_bytes().decode("utf-8"), name=_name(root, path))
        if values["apiVersion"] == _NEWEST:
            yield MigratedFile(path=_name(root, path), outcome="current", why=f"is {_NEWEST}")
        elif values.get(statements_key(values)):
            yield MigratedFile(
                path=_name(root, path),
                outcome="signed",
                why=f"signed as {values['apiVersion']}, which stays valid, as do its pins; the "
                f"next build writes {_NEWEST}",
            )
        else:
            texts[path] = dump_yaml(manifest.to_dict())
            yield MigratedFile(
                path=_name(root, path),
                outcome="migrated",
                why=f"was {values['apiVersion']}, without signatures; is {_NEWEST}",
                changed=True,
            )


def _stack_files(root: Path) -> Iterator[MigratedFile]:
    for stack in stack_names(root):
        _ = read_settings(stack, root=root)
        yield MigratedFile(path=stack_file_name(stack), outcome="current", why="has one format")


def _trusts(root: Path, now: datetime) -> Iterator[MigratedFile]:
    for name in environments(root):
        history = open_trust(root, name, now=now)
        why = f"versions 1 to {len(history.versions)} have one format"
        yield MigratedFile(path=_name(root, history.path), outcome="current", why=why)


def _records(root: Path) -> Iterator[MigratedFile]:
    for _, path in record_files(root):
        name = _name(root, path)
        statement = Statement.from_payload(
            load_record(path.read_text("utf-8"), name=name).payload, name=name
        )
        row, content = row_of(statement, name=name), read_predicate(statement, name=name)
        lacking = [key for key in row.new_needs if statement.predicate.get(key) is None]
        if lacking:
            ends = content.ends if content else None
            until = f"counts until {ends.date()}" if ends else "stays valid"
            why = f"signed without {' and '.join(lacking)}, which new ones have; {until}"
            yield MigratedFile(path=name, outcome="signed", why=why)
        else:
            yield MigratedFile(path=name, outcome="current", why="has one format")


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
