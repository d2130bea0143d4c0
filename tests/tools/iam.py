"""Evaluation of IAM policies: what a principal with these policies may do, as AWS documents it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
reference_policies_elements_condition_operators.html. Only the operators that the project's
policies use are known; another one is an error, not a match.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

__all__ = ["allows", "matching"]

Context = Mapping[str, str | Sequence[str]]


def allows(
    policies: Iterable[Mapping[str, Any]], action: str, arn: str, context: Context | None = None
) -> bool:
    """Return whether policies allow an action on an ARN: an Allow matches, and no Deny.

    Args:
        policies: Documents of one principal.
        action: ``service:Name``; case does not matter.
        arn: The resource, or ``*`` for an action that takes none.
        context: Values of condition keys in the request.
    """
    found = list(matching(policies, action, arn, context))
    return bool(found) and all(item["Effect"] == "Allow" for item in found)


def matching(
    policies: Iterable[Mapping[str, Any]], action: str, arn: str, context: Context | None = None
) -> Iterable[Mapping[str, Any]]:
    """Yield the statements that say something about a request."""
    known = {key.lower(): value for key, value in (context or {}).items()}
    for policy in policies:
        for item in policy["Statement"]:
            if (
                _any(item["Action"], action.lower(), fold=True)
                and _any(item["Resource"], arn)
                and all(_holds(*test, known) for test in item.get("Condition", {}).items())
            ):
                yield item


def _any(patterns: str | Sequence[str], text: str, *, fold: bool = False) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(_pattern(item.lower() if fold else item).fullmatch(text) for item in listed)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in text), re.DOTALL)


def _like(pattern: str, text: str) -> bool:
    return bool(_pattern(pattern).fullmatch(text))


def _same(wanted: str, text: str) -> bool:
    return wanted == text


_COMPARE: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same,
    "StringEquals": _same,
    "StringLike": _like,
}


def _holds(operator: str, wanted: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    name = operator.removeprefix("ForAnyValue:")
    negated = "Not" in name
    compare = _COMPARE[name.replace("Not", "")]
    for key, values in wanted.items():
        given = known.get(key.lower())
        if given is None:  # a negated operator holds for a key that is not there
            if negated:
                continue
            return False
        found = any(
            compare(str(value), str(one)) for value in _listed(values) for one in _listed(given)
        )
        if found is negated:
            return False
    return True


def _listed(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str | bool) else value
