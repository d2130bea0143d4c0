"""Verifies the signed records of a plan: waivers, exceptions, revocations, usage, gates, halts.

A record counts only when a role that may sign its type signed it, and its predicate follows the
model of its type. A record that does not count is reported by name and never silently ignored,
because its author relies on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from securesystemslib.dsse import Envelope

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.errors import GovernanceError, VerificationError
from mobile_ai.contracts.predicates import (
    ASSESSMENT_SCOPE,
    GATE,
    PREDICATES,
    AssessmentScopePredicate,
    BudgetExceptionPredicate,
    PredicateModel,
    PredicateType,
    RevocationPredicate,
    UsagePredicate,
    WaiverPredicate,
    read_predicate,
    row_of,
)
from mobile_ai.contracts.statements import Statement, load_record
from mobile_ai.contracts.trust import Trust

_refused = VerificationError.advising(
    "have a role that may sign the record do so (`mobile-ai record sign`), or remove the file"
)

_K = TypeVar("_K")
_T = TypeVar("_T")
_Content_co = TypeVar("_Content_co", bound=PredicateModel, covariant=True)
_CARRIED: Final = tuple(row for row in PREDICATES.values() if row.carried)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[_Content_co]):
    """A verified record.

    Attributes:
        name: Its name in the plan.
        role: The role that signed it.
        statement: Its statement.
        content: The typed predicate.
    """

    name: str
    role: str
    statement: Statement
    content: _Content_co


Waiver = Record[WaiverPredicate]
"""A signed, temporary acceptance of one rule's violation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The signed records of a plan.

    Attributes:
        waivers: Waivers by rule id.
        exceptions: Exceptions from budgets.
        usage: Usage records by stack and application.
        by_type: All records by predicate type.
        revoked: SHA-256 digests that may not run, with the reason.
        scopes: Further uses of model versions.
        refused: The error of each record that does not count.
    """

    waivers: Mapping[str, tuple[Waiver, ...]] = field(default_factory=dict)
    exceptions: tuple[Record[BudgetExceptionPredicate], ...] = ()
    usage: Mapping[tuple[str, str], tuple[Record[UsagePredicate], ...]] = field(
        default_factory=dict
    )
    by_type: Mapping[str, tuple[Record[PredicateModel], ...]] = field(default_factory=dict)
    revoked: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[Record[AssessmentScopePredicate], ...] = ()
    refused: tuple[GovernanceError, ...] = ()

    @property
    def released(self) -> frozenset[str]:
        """Digests that a signed gate statement approved before."""
        return frozenset(
            digest for record in self.by_type.get(GATE, ()) for digest in record.statement.digests
        )


def read_records(
    texts: Iterable[tuple[str, str]], *, trust: Trust, known: Collection[str] = ()
) -> Records:
    """Verify the records of a plan.

    Args:
        texts: Pairs of name and text.
        trust: The trust.
        known: SHA-256 of the texts that counted in the last `up`: an expired trust verifies them.
    """
    found: list[Record[PredicateModel]] = []
    refused: list[GovernanceError] = []
    for name, text in texts:
        try:
            envelope = load_record(text, name=name)
            if _is_of_other_environment(envelope, trust, name):
                continue
            counted = sha256_text(text) in known
            found.append(
                verify_record(envelope, name=name, trust=trust, allowed=_CARRIED, counted=counted)
            )
        except GovernanceError as error:
            refused.append(error)
    return _sorted(found, tuple(refused))


def verify_record(
    envelope: Envelope,
    *,
    name: str,
    trust: Trust,
    allowed: Sequence[PredicateType] = tuple(PREDICATES.values()),
    counted: bool = False,
) -> Record[PredicateModel]:
    """Return the record in an envelope, with the role of its type that signed it.

    Args:
        envelope: The envelope.
        name: Its name, for messages.
        trust: The trust.
        allowed: Predicate types that may be here.
        counted: Whether it counted in the last `up`, so that an expired trust verifies it.

    Raises:
        GovernanceError: If its type is not allowed here, it is not signed by a role of its type,
            or its predicate does not follow its model.
    """
    statement = Statement.from_payload(envelope.payload, name=name)
    row = row_of(statement, name=name)
    if row not in allowed or row.model is None:
        raise _refused(
            name, f"predicate type {row.uri!r}", f"one of {sorted(item.uri for item in allowed)}"
        )
    role = _role_of(envelope, row, name, trust, counted=counted)
    content = read_predicate(statement, name=name)
    if content is None:  # a type with a reader of its own
        raise _refused(name, f"predicate type {row.uri!r}", f"a file for {row.reader}")
    return Record(name=name, role=role, statement=statement, content=content)


def _is_of_other_environment(envelope: Envelope, trust: Trust, name: str) -> bool:
    """Return whether a scope was signed by keys of other environments alone.

    Scopes stand beside the version, which every environment reads. Such a one allows nothing here,
    and is no fault of this environment.
    """
    statement = Statement.from_payload(envelope.payload, name=name)
    is_scope = statement.predicate_type == ASSESSMENT_SCOPE
    return is_scope and not set(envelope.signatures) & set(trust.keys)


def withdrawn_until(text: str) -> str | None:
    """Return the end of a record that withdraws something, empty if it does not end.

    ``None`` for any other record, and for what is none. Signatures are not verified.
    """
    try:
        statement = Statement.from_payload(load_record(text, name="record").payload, name="record")
        if not row_of(statement, name="record").withdraws:
            return None
    except GovernanceError:
        return None  # a rule denies it
    return str(statement.predicate.get("expires") or "")


def _role_of(
    envelope: Envelope, row: PredicateType, name: str, trust: Trust, *, counted: bool
) -> str:
    problems = []
    for role in row.roles:
        if role not in trust.roles:
            continue
        try:
            trust.verify(envelope, role=role, name=name, released=counted)
        except VerificationError as error:
            where = "" if error.what == name else f"{error.what} is "
            problems.append(f"{where}{error.got}")
        else:
            return role
    raise _refused(name, "; ".join(problems) or "no such role", f"signed by {list(row.roles)}")


def _sorted(
    found: Iterable[Record[PredicateModel]], refused: tuple[GovernanceError, ...]
) -> Records:
    waivers: dict[str, list[Waiver]] = defaultdict(list)
    usage: dict[tuple[str, str], list[Record[UsagePredicate]]] = defaultdict(list)
    by_type: dict[str, list[Record[PredicateModel]]] = defaultdict(list)
    exceptions: list[Record[BudgetExceptionPredicate]] = []
    scopes: list[Record[AssessmentScopePredicate]] = []
    revoked: dict[str, str] = {}
    for record in found:
        by_type[record.statement.predicate_type].append(record)
        content = record.content
        if isinstance(content, WaiverPredicate):
            waivers[content.rule].append(_typed(record, content))
        elif isinstance(content, UsagePredicate):
            usage[content.stack, content.app].append(_typed(record, content))
        elif isinstance(content, BudgetExceptionPredicate):
            exceptions.append(_typed(record, content))
        elif isinstance(content, AssessmentScopePredicate):
            scopes.append(_typed(record, content))
        elif isinstance(content, RevocationPredicate):
            revoked |= dict.fromkeys(record.statement.digests, content.reason)
    return Records(
        waivers=_frozen(waivers),
        exceptions=tuple(exceptions),
        usage=_frozen(usage),
        by_type=_frozen(by_type),
        revoked=MappingProxyType(revoked),
        scopes=tuple(scopes),
        refused=refused,
    )


_Typed = TypeVar("_Typed", bound=PredicateModel)


def _typed(record: Record[PredicateModel], content: _Typed) -> Record[_Typed]:
    return Record(name=record.name, role=record.role, statement=record.statement, content=content)


def _frozen(lists: Mapping[_K, list[_T]]) -> Mapping[_K, tuple[_T, ...]]:
    return MappingProxyType({key: tuple(items) for key, items in lists.items()})
