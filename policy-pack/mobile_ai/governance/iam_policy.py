"""Finds AWS policy statements that are too broad in actions, resources or principals.

Pure functions over one statement; each yields what was expected instead. Grammar and the meaning of
wildcards: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

JudgedStatement = Mapping[str, Any]

# Actions without resource-level permissions, for which '*' is the only valid resource:
# https://docs.aws.amazon.com/service-authorization/latest/reference/
_WITHOUT_RESOURCE: Final = frozenset(
    {
        "cloudwatch:GetMetricData",
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "secretsmanager:GetRandomPassword",
        "logs:CreateLogDelivery",
        "logs:DescribeLogGroups",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        "ce:GetCostAndUsage",
        "ce:ListCostAllocationTags",
        "ce:UpdateCostAllocationTagsStatus",
        "pricing:GetProducts",
        "sts:GetCallerIdentity",
        "tag:GetResources",
    }
)
# Global condition keys that restrict the caller of a statement whose principal is '*'.
_SCOPES: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourcevpce",
    }
)
# Operators that are false when the key is missing; `...IfExists` and negated operators are true
# then.
_MATCHES: Final = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike"})
# Wildcard read actions are accepted, except in services that hold secrets and permissions.
_READS: Final = re.compile(
    r"(?!iam:|kms:|secretsmanager:|ssm:|sts:)[a-z0-9-]+:(Get|List|Describe)\w*\*"
)
# A federated role without a condition on the subject trusts every token of the issuer:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
_OIDC_SUBJECT: Final = ":sub"
_WILDCARDS: Final = "*?"
_ARN_PARTS: Final = 6


def wide_identity(statement: JudgedStatement) -> Iterator[str]:
    """Yield what to name instead of too broad actions and resources of an identity policy."""
    yield from _wide_actions(statement)
    actions = set(texts(statement.get("Action")))
    resources = texts(statement.get("Resource"))
    if "*" in resources and not actions <= _WITHOUT_RESOURCE:
        yield f"named resources for {sorted(actions - _WITHOUT_RESOURCE)}"
    conditioned = bool(statement.get("Condition"))
    for resource in resources:
        if resource != "*" and _is_wide(resource, conditioned=conditioned):
            yield f"a named resource instead of {resource!r}"


def wide_principal(statement: JudgedStatement) -> Iterator[str]:
    """Yield what to name instead of too broad actions and principals of a resource policy."""
    yield from _wide_actions(statement)
    principal = statement.get("Principal")
    if "*" in _principals(principal) and not _is_scoped(statement):
        yield "named principals, or a condition on who asks"
    federated = texts(principal.get("Federated")) if isinstance(principal, Mapping) else []
    if any(federated) and not _has_narrow_subject(statement):
        yield "a condition StringEquals on the token's subject (`<issuer>:sub`) without wildcards"


def is_wide_attachment(arn: object) -> bool:
    """Return whether a managed policy is neither AWS's for a service role nor a narrow own one."""
    text = str(arn)
    if re.fullmatch(r"arn:aws[\w-]*:iam::aws:policy/service-role/\w+", text):
        return text.endswith("FullAccess")
    own = re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:policy/[\w+=,.@/-]+", text)
    name = text.rpartition("/")[2]
    broad = "Administrator" in name or name.endswith(("PowerUserAccess", "FullAccess"))
    return own is None or broad


def texts(value: Any) -> list[str]:
    """Return a string or a list of strings as a list; a missing value gives one empty string."""
    return [str(item) for item in value] if isinstance(value, list) else [str(value or "")]


def _wide_actions(statement: JudgedStatement) -> Iterator[str]:
    for action in texts(statement.get("Action")):
        if _has_wildcard(action) and not _READS.fullmatch(action):
            yield f"named actions instead of {action!r}"
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        yield "no NotAction, NotResource or NotPrincipal in a statement that allows"


def _is_wide(resource: str, *, conditioned: bool) -> bool:
    """Return whether an ARN pattern leaves the service, account or resource name open."""
    if not _has_wildcard(resource):
        return False
    parts = resource.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or _has_wildcard(parts[2]) or _has_wildcard(parts[4]):
        return True
    kind, *rest = re.split("[:/]", parts[5], maxsplit=1)
    name = rest[0] if rest else kind
    names_nothing = not name.strip("*?/:") and _has_wildcard(name)
    return _has_wildcard(kind) or (names_nothing and not conditioned and not _is_s3_prefix(parts))


def _is_s3_prefix(parts: list[str]) -> bool:
    # `arn:aws:s3:::bucket/*` is bound to one bucket.
    return parts[2] == "s3" and "/" in parts[5]


def _has_wildcard(text: str) -> bool:
    return any(mark in text for mark in _WILDCARDS)


def _principals(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [item for entry in value.values() for item in texts(entry)]
    return texts(value)


def _is_scoped(statement: JudgedStatement) -> bool:
    return any(
        key.lower() in _SCOPES and all(_names_somebody(value) for value in values)
        for key, values in _matching(statement)
    )


def _has_narrow_subject(statement: JudgedStatement) -> bool:
    return any(
        key.lower().endswith(_OIDC_SUBJECT) and not any(_has_wildcard(value) for value in values)
        for key, values in _matching(statement)
    )


def _matching(statement: JudgedStatement) -> Iterator[tuple[str, list[str]]]:
    condition = statement.get("Condition")
    for operator, tests in condition.items() if isinstance(condition, Mapping) else ():
        if operator in _MATCHES and isinstance(tests, Mapping):
            for key, values in tests.items():
                yield str(key), texts(values)


def _names_somebody(value: str) -> bool:
    """Return whether a condition's value names a specific account, organisation or endpoint."""
    if not value.startswith("arn:"):
        return bool(value) and not _has_wildcard(value)
    account = value.split(":", _ARN_PARTS - 1)[4:5]
    # ARNs of S3 buckets have an empty account field.
    return bool(account) and not _has_wildcard(account[0]) and value.count("*") < len(value) - 4
