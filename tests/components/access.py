"""Evaluates policy documents of a plan as IAM would, for tests.

Only what the program's documents use is known; anything else stops the test, so that nothing is
taken for allowed because it was not understood. Source: IAM user guide, policy evaluation logic.
"""

import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.components.support import Engine, Registered

__all__ = ["Request", "allows", "documents", "walk"]

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, as IAM sees it.

    Attributes:
        principal: ``AWS`` or ``Service`` and its name; empty in an identity policy.
        action: Such as ``kms:Decrypt``.
        resource: ARN.
        context: Condition keys (any case) and their values.
    """

    principal: tuple[str, str] | None
    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Tell whether a statement allows the call and none denies it."""
    matching = [one["Effect"] for one in statements if _matches(one, request)]
    return "Allow" in matching and "Deny" not in matching


def documents(
    engine: Engine, suffix: str, field_name: str = "policy"
) -> Iterator[tuple[Registered, list[Statement]]]:
    """Yield every resource of a type with the statements of its document."""
    for item in engine.of_type(suffix):
        if field_name in item.inputs:
            yield item, json.loads(item.inputs[field_name])["Statement"]


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text of a value with the keys that lead to it, without list indices."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, path)
    elif isinstance(value, str):
        yield path, value


def _matches(statement: Statement, request: Request) -> bool:
    known = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    assert set(statement) <= known, f"not understood: {set(statement) - known}"
    return (
        _principal_matches(statement.get("Principal"), request.principal)
        and _any_like(statement["Action"], request.action)
        and _any_like(statement.get("Resource", "*"), request.resource)
        and all(
            _condition_holds(operator, test, request.context)
            for operator, test in statement.get("Condition", {}).items()
        )
    )


def _principal_matches(value: Any, principal: tuple[str, str] | None) -> bool:
    if value is None or principal is None:
        return value is None and principal is None
    if value == "*":
        return True
    kind, name = principal
    return name in _texts(value.get(kind, []))


def _condition_holds(
    operator: str, test: Mapping[str, Any], context: Mapping[str, str | list[str]]
) -> bool:
    given = {key.lower(): value for key, value in context.items()}
    for key, wanted in test.items():
        found = given.get(key.lower())
        if found is None:  # a key that the call does not carry fulfils no positive operator
            return False
        values, patterns = _texts(found), _texts(wanted)
        if operator in {"StringEquals", "ForAnyValue:StringEquals", "Bool"}:
            holds = any(value in patterns for value in values)
        elif operator in {"ArnLike", "StringLike"}:
            holds = any(_any_like(patterns, value) for value in values)
        else:
            raise AssertionError(f"not understood: the operator {operator}")
        if not holds:
            return False
    return True


def _any_like(patterns: Any, value: str) -> bool:
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in _texts(patterns))


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
