"""Validates the predicate of a statement against its row of the table."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.predicates.fields import PredicateModel
from mobile_ai.contracts.predicates.table import PREDICATES, PredicateType
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.statements import Statement

Content = TypeVar("Content", bound=PredicateModel)

_malformed = DocumentError.advising(
    "correct the field and sign it again; `mobile-ai schema record` prints the form"
)


def row_of(statement: Statement, *, name: str) -> PredicateType:
    """Return the row of a statement's type.

    Raises:
        DocumentError: If the table has none.
    """
    row = PREDICATES.get(statement.predicate_type)
    if row is None:
        raise _malformed(
            name,
            f"predicate type {statement.predicate_type!r}",
            f"one of {[item.name for item in PREDICATES.values()]}",
        )
    return row


def read_predicate(statement: Statement, *, name: str) -> PredicateModel | None:
    """Return the typed predicate of a statement; ``None`` if its own reader validates it.

    Raises:
        DocumentError: If its type is not in the table, or a field is missing, unknown or wrong.
    """
    row = row_of(statement, name=name)
    if row.model is None:
        return None
    if row.about and statement.digests <= {own_digest(statement)}:
        raise _malformed(
            f"{name}: subject", "none but the predicate itself", f"what the {row.name} is about"
        )
    content = content_of(row.model, statement, name=f"{row.name} {name}")
    # As stated: an end that is derived for an older record has a rule of its own.
    stated = getattr(content, "expires", None)
    if row.life and stated and content.starts and stated - content.starts > row.life:
        days = f"{(stated - content.starts).days} days"
        raise _malformed(f"{name}: expires", days, f"{row.life.days} days at most")
    if missing := content.named - statement.digests:
        raise _malformed(f"{name}: subject", "others", f"{min(missing)}, which the predicate names")
    return content


def content_of(model: type[Content], statement: Statement, *, name: str) -> Content:
    """Return the predicate of a statement as a model.

    Raises:
        DocumentError: Naming the first field that is missing, unknown or wrong.
    """
    try:
        return model.model_validate_json(canonical_bytes(dict(statement.predicate)))
    except ValidationError as error:
        first = schema_problem(error)
        where = first.place or "predicate"
        raise _malformed(f"{name}: {where}", first.got, first.expected) from error


def check_role(statement: Statement, role: str, *, name: str) -> None:
    """Refuse a statement that its role may not make.

    Raises:
        DocumentError: If the role may not sign its type, or may not say what a field says.
    """
    row = row_of(statement, name=name)
    if role not in row.roles or row.signed_by != "trust":
        raise _malformed(
            name, f"{statement.predicate_type!r} signed as {role}", "a statement of that role"
        )
    for key, allowed in row.says.get(role, {}).items():
        if statement.predicate.get(key) not in allowed:
            raise _malformed(
                f"{name}: {key}",
                f"{statement.predicate.get(key)!r} signed as {role}",
                f"{' or '.join(allowed)}, or another role of {list(row.roles)}",
            )


def own_digest(statement: Statement) -> str:
    """Return the digest of a statement's predicate, its subject where it is about nothing else."""
    return sha256_bytes(canonical_bytes(dict(statement.predicate)))
