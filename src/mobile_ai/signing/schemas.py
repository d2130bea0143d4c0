"""JSON Schemas of predicates, and the table of types for the documentation."""

from __future__ import annotations

from typing import Any

from mobile_ai.contracts.predicates import PREDICATES, PredicateType, type_named
from mobile_ai.signing.errors import SigningError


def modelled_types() -> tuple[str, ...]:
    """Return the short names of the types with a schema."""
    return tuple(row.name for row in PREDICATES.values() if row.model is not None)


def record_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a type's predicate.

    Raises:
        SigningError: If there is no such type.
    """
    row = type_named(name)
    if row is None or row.model is None:
        raise SigningError(
            f"record type {name!r}",
            got="no type with a schema",
            expected=f"one of {list(modelled_types())}",
            next_step="choose one of them, or see docs/records.md",
        )
    schema = row.model.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": row.uri,
        **schema,
        "title": row.name,
        "description": row.title,
    }


def types_table() -> str:
    """Return the table of all types as Markdown."""
    head = "| type | says | roles | folder | expires | carried in the plan |"
    return "\n".join([head, "|---|---|---|---|---|---|", *map(_line, PREDICATES.values())]) + "\n"


def _line(row: PredicateType) -> str:
    roles = ", ".join(f"`{role}`{_said(row, role)}" for role in row.roles)
    if row.signed_by == "release":
        roles += " of the release"
    life = f"at most {row.life.days} days" if row.life else "yes" if row.must_expire else "no"
    folder = f"`{row.folder}/`" if row.folder else "none"
    carried = "yes" if row.carried else "no"
    name = f"`{row.name}`<br>`{row.uri}`"
    return f"| {name} | {row.title} | {roles} | {folder} | {life} | {carried} |"


def _said(row: PredicateType, role: str) -> str:
    said = row.says.get(role, {})
    text = "; ".join(f"{key}: {' or '.join(values)}" for key, values in said.items())
    return f" ({text})" if text else ""
