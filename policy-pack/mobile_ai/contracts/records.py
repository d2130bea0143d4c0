"""Verifies the signed records of a plan: waivers, exceptions, revocations, usage, gates, halts.

A record counts only when it is signed by a role that may sign its type. A record that does not
count is reported by name and never silently ignored, because its author relies on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from mobile_ai.contracts.assessment_scope import AssessmentScope
from mobile_ai.contracts.errors import GovernanceError, VerificationError
from mobile_ai.contracts.statements import (
    ASSESSMENT_SCOPE,
    EXCEPTION,
    GATE,
    HALT,
    REVOCATION,
    ROLES_OF_PREDICATE,
    USAGE,
    WAIVER,
    Statement,
    load_record,
)
from mobile_ai.contracts.trust import Trust, parse_time

__all__ = ["Record", "Records", "Waiver", "read_records"]

_refused = VerificationError.advising(
    "have a role that may sign it do so (docs/policies.md, records-verified), or remove the file"
)

_K = TypeVar("_K")
_T = TypeVar("_T")
_CARRIED: Final = frozenset({ASSESSMENT_SCOPE, WAIVER, EXCEPTION, REVOCATION, USAGE, GATE, HALT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A verified record: its name in the plan, the role that signed it, its statement."""

    name: str
    role: str
    statement: Statement

    @property
    def predicate(self) -> Mapping[str, Any]:
        """The predicate of the signed statement."""
        return self.statement.predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A signed, temporary acceptance of one rule's violation.

    Attributes:
        name: The record's name.
        role: The role that signed it.
        rule: Id of the waived rule.
        stack: The stack that it applies to.
        target: The exact URN or SHA-256 digest that it applies to.
        reason: Justification.
        ticket: Reference in an issue tracker.
        issued: Start of validity.
        expires: End of validity, exclusive.
    """

    name: str
    role: str
    rule: str
    stack: str
    target: str
    reason: str
    ticket: str
    issued: datetime
    expires: datetime

    @classmethod
    def of(cls, record: Record) -> Waiver:
        """Read a waiver from its record.

        Raises:
            ValueError: If a field is missing, empty or a pattern.
        """
        value = record.predicate
        texts = {key: value.get(key) for key in ("rule", "stack", "reason", "ticket")}
        target = value.get("urn") or value.get("digest")
        if not all(isinstance(item, str) and item for item in (*texts.values(), target)):
            raise ValueError("rule, stack, urn or digest, reason and ticket must all be given")
        if "*" in f"{texts['rule']}{texts['stack']}{target}":
            raise ValueError("'*' is too broad: name one rule, one stack, one URN or digest")
        return cls(
            name=record.name,
            role=record.role,
            rule=str(texts["rule"]),
            stack=str(texts["stack"]),
            target=str(target),
            reason=str(texts["reason"]),
            ticket=str(texts["ticket"]),
            issued=parse_time(value.get("issued"), name=f"{record.name} issued"),
            expires=parse_time(value.get("expires"), name=f"{record.name} expires"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The signed records of a plan.

    Attributes:
        waivers: Waivers by rule id.
        by_type: All records by predicate type.
        usage: Usage records by stack and application.
        revoked: SHA-256 digests that may not run, with the reason.
        scopes: Further uses of model versions, with the statement of each.
        refused: The error of each record that does not count.
    """

    waivers: Mapping[str, tuple[Waiver, ...]] = field(default_factory=dict)
    by_type: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    usage: Mapping[tuple[str, str], tuple[Record, ...]] = field(default_factory=dict)
    revoked: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[tuple[AssessmentScope, Statement], ...] = ()
    refused: tuple[GovernanceError, ...] = ()

    @property
    def released(self) -> frozenset[str]:
        """Digests that a signed gate statement approved before."""
        return frozenset(
            digest for record in self.by_type.get(GATE, ()) for digest in record.statement.digests
        )


def read_records(texts: Iterable[tuple[str, str]], *, trust: Trust) -> Records:
    """Verify the records of a plan; ``texts`` are pairs of name and text."""
    waivers: dict[str, list[Waiver]] = defaultdict(list)
    by_type: dict[str, list[Record]] = defaultdict(list)
    usage: dict[tuple[str, str], list[Record]] = defaultdict(list)
    revoked: dict[str, str] = {}
    scopes: list[tuple[AssessmentScope, Statement]] = []
    refused: list[GovernanceError] = []
    for name, text in texts:
        try:
            record = _verified(name, text, trust)
            kind = record.statement.predicate_type
            if kind == WAIVER:
                waiver = _parsed(record, Waiver.of)
                waivers[waiver.rule].append(waiver)
            elif kind == REVOCATION:
                revoked |= _parsed(record, _revoked)
            elif kind == USAGE:
                usage[_user(record)].append(record)
            elif kind == ASSESSMENT_SCOPE:
                scopes.append((_parsed(record, _scope), record.statement))
            by_type[kind].append(record)
        except GovernanceError as error:
            refused.append(error)
    return Records(
        waivers=_frozen(waivers),
        by_type=_frozen(by_type),
        usage=_frozen(usage),
        revoked=MappingProxyType(revoked),
        scopes=tuple(scopes),
        refused=tuple(refused),
    )


def _verified(name: str, text: str, trust: Trust) -> Record:
    envelope = load_record(text, name=name)
    claimed = Statement.from_payload(envelope.payload, name=name).predicate_type
    if claimed not in _CARRIED:
        raise _refused(name, f"predicate type {claimed!r}", f"one of {sorted(_CARRIED)}")
    problems = []
    for role in ROLES_OF_PREDICATE[claimed]:
        if role not in trust.roles:
            continue
        try:
            return Record(
                name=name, role=role, statement=trust.verify(envelope, role=role, name=name)
            )
        except VerificationError as error:
            problems.append(error.got)
    raise _refused(
        name, "; ".join(problems) or "no such role", f"signed by {ROLES_OF_PREDICATE[claimed]}"
    )


def _parsed(record: Record, parse: Callable[[Record], _T]) -> _T:
    try:
        return parse(record)
    except (GovernanceError, ValueError, TypeError, AttributeError) as error:
        raise _refused(record.name, str(error), "a complete record of its type") from error


def _revoked(record: Record) -> dict[str, str]:
    reason = record.predicate.get("reason")
    if not isinstance(reason, str) or not reason:
        raise ValueError("a revocation without a reason")
    return dict.fromkeys(record.statement.digests, reason)


def _scope(record: Record) -> AssessmentScope:
    return AssessmentScope.of(record.statement, name=record.name)


def _user(record: Record) -> tuple[str, str]:
    return str(record.predicate.get("stack")), str(record.predicate.get("app"))


def _frozen(lists: Mapping[_K, list[_T]]) -> Mapping[_K, tuple[_T, ...]]:
    return MappingProxyType({key: tuple(items) for key, items in lists.items()})
