"""Evaluates AWS policy statements on a request, as IAM does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

from mobile_ai.governance.iam_document import Condition, Patterns, Statement

Decision = Literal["Allow", "Deny", ""]
"""Outcome for a request; empty where no statement is about it, which denies implicitly."""
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_LITERAL: Final = frozenset("*?$")
_ARN_PARTS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call of an AWS API.

    Attributes:
        action: Such as ``s3:GetObject``.
        resource: ARN of what it is about.
        principal: Kind and value of who calls; ``None`` for the owner of an identity policy.
        context: Values of condition keys, in lower case.
    """

    action: str
    resource: str = "*"
    principal: tuple[str, str] | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def decide(statements: Iterable[Statement], request: Request) -> Decision:
    """Return what some statements say about a request; an explicit denial wins."""
    decision: Decision = ""
    for statement in statements:
        if _concerns(statement, request):
            if not statement.allows:
                return "Deny"
            decision = "Allow"
    return decision


def matches(pattern: str, text: str, *, fold: bool = False) -> bool:
    """Return whether ``*`` (any text) and ``?`` (one character) make a text of a pattern."""
    return bool(_compiled(pattern, fold).fullmatch(text))


@lru_cache(maxsize=512)
def _compiled(pattern: str, fold: bool) -> re.Pattern[str]:  # noqa: FBT001  # a cache key
    parts = {"*": ".*", "?": "."}
    text = "".join(parts.get(mark, re.escape(mark)) for mark in re.sub(r"\*+", "*", pattern))
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def _concerns(statement: Statement, request: Request) -> bool:
    return (
        _named(statement.actions, request.action, request, statement, fold=True)
        and _named(statement.resources, request.resource, request, statement)
        and _is_principal(statement, request)
        and all(_holds(item, request, statement) for item in statement.conditions)
    )


def _named(
    element: Patterns | None,
    text: str,
    request: Request,
    statement: Statement,
    *,
    fold: bool = False,
) -> bool:
    if element is None:
        return True  # a trust policy is about its own role
    found = any(
        _is_like(pattern, text, request, statement, fold=fold) for pattern in element.values
    )
    return found is not element.negated


def _is_principal(statement: Statement, request: Request) -> bool:
    if statement.principals is None or request.principal is None:
        return True
    kind, name = request.principal
    found = any(
        ours == ("AWS", "*") or (ours[0] == kind and _is_caller(ours[1], name))
        for ours in statement.principals
    )
    return found is not statement.not_principals


def _is_caller(named: str, caller: str) -> bool:
    # An account, by its number or its root, stands for everybody in it.
    account = re.fullmatch(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?", named)
    return named == caller or bool(account and caller.split(":")[4:5] == [account[1]])


def _holds(condition: Condition, request: Request, statement: Statement) -> bool:
    given = request.context.get(condition.key)
    if condition.operator == "Null":
        return any((value.lower() == "true") is (given is None) for value in condition.values)
    if condition.qualifier == "ForAllValues" and not given:
        return True  # of no value, all match
    if given is None:
        return condition.if_exists or (condition.negated and not condition.qualifier)

    def meets(value: str) -> bool:
        found = any(
            _test(condition, wanted, value, request, statement) for wanted in condition.values
        )
        return found is not condition.negated

    if condition.qualifier == "ForAnyValue":
        return any(map(meets, given))
    if condition.qualifier or condition.negated:
        return all(map(meets, given))
    return any(map(meets, given))


def _test(
    condition: Condition, wanted: str, value: str, request: Request, statement: Statement
) -> bool:
    operator = condition.operator
    if operator == "StringLike":
        return _is_like(wanted, value, request, statement)
    expanded = _expanded(wanted, request, statement)
    if expanded is None:
        return False
    if operator == "ArnLike":
        ours, theirs = (text.split(":", _ARN_PARTS - 1) for text in (expanded, value))
        return len(ours) == len(theirs) == _ARN_PARTS and all(map(matches, ours, theirs))
    return _COMPARED[operator](value, expanded)


def _is_like(
    pattern: str, text: str, request: Request, statement: Statement, *, fold: bool = False
) -> bool:
    """Match a pattern whose variables stand for texts: a wildcard in a value is no wildcard."""
    if not statement.expands or "${" not in pattern:
        return matches(pattern, text, fold=fold)
    literals: list[str] = []
    for name in _VARIABLE.findall(pattern):
        value = _value(name, request)
        if value is None:
            return False
        literals.append(re.escape(value))
    fixed = iter(literals)
    parts = _VARIABLE.split(pattern)[::2]
    wild = [_compiled(part, fold=False).pattern for part in parts]
    regex = wild[0] + "".join(next(fixed) + part for part in wild[1:])
    return bool(re.fullmatch(regex, text, re.DOTALL | (re.IGNORECASE if fold else 0)))


def _expanded(text: str, request: Request, statement: Statement) -> str | None:
    if not statement.expands:
        return text
    values = [_value(name, request) for name in _VARIABLE.findall(text)]
    if None in values:
        return None
    parts = _VARIABLE.split(text)[::2]
    return parts[0] + "".join(
        f"{value}{part}" for value, part in zip(values, parts[1:], strict=True)
    )


def _value(name: str, request: Request) -> str | None:
    """Return the value of a policy variable; ``None`` where it has none, and nothing matches."""
    if name in _LITERAL:
        return name
    key, _, default = (part.strip() for part in name.partition(","))
    found = request.context.get(key.lower(), ())
    if len(found) == 1:
        return found[0]
    return default[1:-1] if default[:1] == "'" == default[-1:] and default != "'" else None


def _number(text: str) -> float:
    return float(text)


def _time(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _compare(
    read: Callable[[str], float], test: Callable[[float, float], bool]
) -> Callable[[str, str], bool]:
    def compare(value: str, wanted: str) -> bool:
        try:
            return test(read(value), read(wanted))
        except ValueError:
            return False  # what is no number is equal to none

    return compare


def _in_network(value: str, wanted: str) -> bool:
    try:
        network = ipaddress.ip_network(wanted, strict=False)
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False


_COMPARED: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "BinaryEquals": lambda value, wanted: value == wanted,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _in_network,
    **{
        f"{kind}{name}": _compare(read, test)
        for kind, read in (("Numeric", _number), ("Date", _time))
        for name, test in {
            "Equals": lambda value, wanted: value == wanted,
            "LessThan": lambda value, wanted: value < wanted,
            "LessThanEquals": lambda value, wanted: value <= wanted,
            "GreaterThan": lambda value, wanted: value > wanted,
            "GreaterThanEquals": lambda value, wanted: value >= wanted,
        }.items()
    },
}
