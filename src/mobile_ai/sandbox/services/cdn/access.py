"""Evaluates whether a bucket policy lets a distribution read, as far as CloudFront needs it.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
"""

import fnmatch
import json
from collections.abc import Mapping
from typing import Any, Final

_SERVICE: Final = "cloudfront.amazonaws.com"
_ACTION: Final = "s3:GetObject"
_EXACT: Final = ("StringEquals", "ArnEquals")
_LIKE: Final = ("StringLike", "ArnLike")
_INVERTED: Final = frozenset({"NotAction", "NotPrincipal", "NotResource"})


def may_read(policy: str, *, bucket: str, key: str, distribution_arn: str) -> bool:
    """Return whether a distribution may read an object, as S3 would decide.

    An unsupported condition or inversion never allows, and always denies.

    Args:
        policy: The bucket policy, JSON; empty if there is none.
        bucket: Name of the bucket.
        key: Key of the object.
        distribution_arn: Distribution that requests it, by origin access control.
    """
    facts = {"aws:sourcearn": distribution_arn, "aws:securetransport": "true"}
    resource = f"arn:aws:s3:::{bucket}/{key}"
    try:
        statements = _many(json.loads(policy)["Statement"])
        found = [one["Effect"] for one in statements if _applies(one, resource, facts)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return "Allow" in found and "Deny" not in found


def _applies(statement: Mapping[str, Any], resource: str, facts: Mapping[str, str]) -> bool:
    denies: bool = statement["Effect"] != "Allow"
    if not _INVERTED.isdisjoint(statement):
        return denies
    return (
        _names_service(statement, denies=denies)
        and _matches(_ACTION, statement.get("Action", []), ignore_case=True)
        and _matches(resource, statement.get("Resource", []))
        and all(
            _holds(operator, wanted, facts, unknown=denies)
            for operator, wanted in statement.get("Condition", {}).items()
        )
    )


def _names_service(statement: Mapping[str, Any], *, denies: bool) -> bool:
    principal = statement.get("Principal", {})
    if principal == "*" or (isinstance(principal, dict) and principal.get("AWS") == "*"):
        return denies  # denies apply to everybody; a public grant is no origin access
    return isinstance(principal, dict) and _SERVICE in _many(principal.get("Service", []))


def _holds(operator: str, wanted: Any, facts: Mapping[str, str], *, unknown: bool) -> bool:
    if operator not in {*_EXACT, *_LIKE, "Bool"} or not isinstance(wanted, dict):
        return unknown
    for key, values in wanted.items():
        if key.lower() not in facts:
            return unknown
        fact, texts = facts[key.lower()], [str(value) for value in _many(values)]
        if operator == "Bool":
            texts = [text.lower() for text in texts]
        if not (_matches(fact, texts) if operator in _LIKE else fact in texts):
            return False
    return True


def _matches(text: str, patterns: Any, *, ignore_case: bool = False) -> bool:
    return any(_match(text, str(one), ignore_case=ignore_case) for one in _many(patterns))


def _match(text: str, pattern: str, *, ignore_case: bool) -> bool:
    if ignore_case:
        text, pattern = text.lower(), pattern.lower()
    # IAM wildcards work like globs, except that brackets have no special meaning.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
