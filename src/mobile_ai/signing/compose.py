"""Composes a draft of a record from values that a person gives."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from mobile_ai.contracts.canonical import canonical_bytes, sha256_bytes
from mobile_ai.contracts.predicates import PredicateModel, PredicateType
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.signing.errors import SigningError

_refused = SigningError.advising("correct the value; nothing was written (docs/records.md)")
_TIMES: Final = ("issued", "expires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Values that a person gives for a new record.

    Attributes:
        scope: The stack or environment that it is for.
        values: Values of the predicate by field, as text.
        role: The role that will sign; empty if the type has one only.
        name: Name of the file without suffix; empty: derived.
        subjects: Names and SHA-256 digests that it is about.
        days: Days until it expires, where `expires` is not among the values.
    """

    scope: str
    values: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    name: str = ""
    subjects: Sequence[tuple[str, str]] = ()
    days: int | None = None


def composed(row: PredicateType, answers: Answers, *, now: datetime) -> dict[str, Any]:
    """Return a draft as its file's value; it is validated when it is read.

    Raises:
        SigningError: If a field is unknown, or its text is no value of it.
    """
    fields = _fields(row)
    predicate: dict[str, Any] = {}
    for key, text in answers.values.items():
        if key not in fields:
            raise _refused(f"{row.name}: {key}", "no field", f"one of {sorted(fields)}")
        predicate[key] = _value(row, key, fields[key], text)
    if "stack" in fields:
        predicate.setdefault("stack", answers.scope)
    if "issued" in fields:
        predicate.setdefault("issued", _written(now))
    days = answers.days or (row.life.days if row.life else None)
    if "expires" in fields and days is not None:
        predicate.setdefault("expires", _written(now + timedelta(days=days)))
    name = answers.name or str(predicate.get("app") or _derived(row, predicate))
    draft: dict[str, Any] = {
        "role": _role(row, answers.role, predicate),
        "path": f"{row.folder}/{name}.yaml".format(stack=answers.scope, environment=answers.scope),
        "predicateType": row.uri,
        "predicate": predicate,
    }
    if answers.subjects:
        draft["subject"] = [{"name": item, "sha256": sha256} for item, sha256 in answers.subjects]
    return draft


def ask_values(
    row: PredicateType, given: Mapping[str, str], *, ask: Callable[[str], str]
) -> dict[str, str]:
    """Return the given values and the answers to a question for each other required field."""
    values = dict(given)
    for key, info in _asked(row):
        if key in values:
            continue
        text = ask(f"{key}: {info.description or key}").strip()
        if text:
            values[key] = text
    return values


def _asked(row: PredicateType) -> Iterator[tuple[str, FieldInfo]]:
    for key, info in _fields(row).items():
        if key != "stack" and key not in _TIMES and (info.is_required() or key in row.new_needs):
            yield key, info


def _fields(row: PredicateType) -> dict[str, FieldInfo]:
    model = cast("type[PredicateModel]", row.model)
    return {str(info.alias): info for info in model.model_fields.values()}


def _value(row: PredicateType, key: str, info: FieldInfo, text: str) -> Any:
    """Return a text, or the JSON value or comma-separated list in it, whichever the field takes."""
    adapter: TypeAdapter[Any] = TypeAdapter(
        cast("Any", info.rebuild_annotation()), config=ConfigDict(strict=True)
    )
    problem = ""
    for value in _readings(text):
        try:
            adapter.validate_json(json.dumps(value))
        except ValidationError as error:
            problem = problem or schema_problem(error).expected
        else:
            return value
    raise _refused(f"{row.name}: {key}", repr(text), problem)


def _readings(text: str) -> Iterator[Any]:
    yield text
    with contextlib.suppress(ValueError):
        yield json.loads(text)
    yield [part.strip() for part in text.split(",") if part.strip()]


def _role(row: PredicateType, role: str, predicate: Mapping[str, Any]) -> str:
    if role:
        return role
    fitting = [
        item
        for item in row.roles
        if all(predicate.get(key) in allowed for key, allowed in row.says.get(item, {}).items())
    ]
    if len(fitting) == 1:
        return fitting[0]
    raise _refused(f"{row.name}: role", "none", f"--role, one of {list(row.roles)}")


def _derived(row: PredicateType, predicate: Mapping[str, Any]) -> str:
    return f"{row.name}-{sha256_bytes(canonical_bytes(dict(predicate)))[:12]}"


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
