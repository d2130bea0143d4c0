"""AWS policy documents as typed statements; what is not understood is refused.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_ELEMENTS: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_PRINCIPALS: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_NEGATIONS: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnLike",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}
_OPERATORS: Final = {
    **{name: name for name in _NEGATIONS.values()},
    "ArnEquals": "ArnLike",  # both match wildcards
    **{
        name: name
        for kind in ("Numeric", "Date")
        for comparison in ("LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        for name in (f"{kind}{comparison}",)
    },
    "Bool": "Bool",
    "BinaryEquals": "BinaryEquals",
    "Null": "Null",
}
_IF_EXISTS: Final = "IfExists"


class PolicyError(ValueError):
    """Part of a policy document that has no defined meaning; the text says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One key of one operator of a statement's conditions.

    Attributes:
        operator: The operator without negation; ``ArnEquals`` is ``ArnLike``.
        negated: Whether it is the negation of the operator.
        qualifier: ``ForAllValues``, ``ForAnyValue`` or empty.
        if_exists: Whether a missing key meets the condition.
        key: The condition key in lower case: AWS compares keys so.
        values: The values, one of which must match.
    """

    operator: str
    negated: bool
    qualifier: str
    if_exists: bool
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """An element that names what a statement is about, or, negated, what it is not about."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        allows: Whether its effect is ``Allow``.
        actions: Its actions.
        resources: Its resources; ``None`` where it names none (a trust policy).
        principals: Kind and value of each principal; ``None`` where it names none.
        not_principals: Whether the principals are those that it is not about.
        conditions: Its conditions, all of which must hold.
        expands: Whether ``${...}`` is a variable, as since version 2012-10-17.
    """

    allows: bool
    actions: Patterns
    resources: Patterns | None
    principals: tuple[tuple[str, str], ...] | None
    not_principals: bool
    conditions: tuple[Condition, ...]
    expands: bool


def parse_policy(document: Any) -> tuple[Statement, ...]:
    """Return the statements of a policy document.

    Raises:
        PolicyError: If some of it has no defined meaning.
    """
    if not isinstance(document, Mapping) or set(document) - {"Version", "Id", "Statement"}:
        raise PolicyError("a policy document with Version and Statement")
    version = document.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise PolicyError(f"a Version of {_VERSIONS}")
    found: Any = document.get("Statement")
    statements: list[Any] = found if isinstance(found, list) else [found]
    if not statements or not all(isinstance(item, Mapping) for item in statements):
        raise PolicyError("a policy document with statements")
    return tuple(_statement(item, expands=version == _VERSIONS[0]) for item in statements)


def _statement(raw: Mapping[str, Any], *, expands: bool) -> Statement:
    unknown = sorted(set(raw) - _ELEMENTS)
    if unknown:
        raise PolicyError(f"a statement without {unknown}")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError("an Effect of 'Allow' or 'Deny'")
    actions = _patterns(raw, "Action")
    if actions is None:
        raise PolicyError("an Action")
    negated = "NotPrincipal" in raw
    if negated and "Principal" in raw:
        raise PolicyError("a Principal or a NotPrincipal")
    principal = raw.get("NotPrincipal" if negated else "Principal")
    return Statement(
        allows=raw["Effect"] == "Allow",
        actions=actions,
        resources=_patterns(raw, "Resource"),
        principals=None if principal is None else tuple(_principals(principal)),
        not_principals=negated,
        conditions=tuple(_conditions(raw.get("Condition", {}))),
        expands=expands,
    )


def _patterns(raw: Mapping[str, Any], name: str) -> Patterns | None:
    opposite = f"Not{name}"
    if name in raw and opposite in raw:
        raise PolicyError(f"{name} or {opposite}")
    if name in raw:
        return Patterns(values=_texts(raw[name], name))
    if opposite in raw:
        return Patterns(values=_texts(raw[opposite], opposite), negated=True)
    return None


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if value == "*":
        yield "AWS", "*"
        return
    if not isinstance(value, Mapping) or not value or set(value) - _PRINCIPALS:
        raise PolicyError(f"a Principal by {sorted(_PRINCIPALS)}")
    for kind, names in value.items():
        for name in _texts(names, "Principal"):
            yield kind, name


def _conditions(value: Any) -> Iterator[Condition]:
    if not isinstance(value, Mapping):
        raise PolicyError("a Condition that maps operators to keys")
    for written, tests in value.items():
        qualifier, separator, name = str(written).rpartition(":")
        if separator and qualifier not in ("ForAllValues", "ForAnyValue"):
            raise PolicyError(f"an operator that AWS knows instead of {written!r}")
        bare = name.removesuffix(_IF_EXISTS)
        operator = _NEGATIONS.get(bare) or _OPERATORS.get(bare)
        if operator is None or (operator == "Null" and bare != name):
            raise PolicyError(f"an operator that AWS knows instead of {written!r}")
        if not isinstance(tests, Mapping):
            raise PolicyError(f"keys and values of {written}")
        for key, values in tests.items():
            yield Condition(
                operator=operator,
                negated=bare in _NEGATIONS,
                qualifier=qualifier,
                if_exists=bare != name,
                key=str(key).lower(),
                values=_texts(values, f"{written} {key}"),
            )


def _texts(value: Any, name: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_text(item, name) for item in items)


def _text(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str) and value != "":
        return str(value)
    raise PolicyError(f"text in {name}")
