"""Finds AWS policy statements that are too broad in actions, resources or principals.

Pure functions over one statement; each yields what was expected instead. Whom a resource policy
admits is decided by evaluating its conditions for callers outside the stack's account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mobile_ai.governance.iam_document import Condition, Statement

# Actions without resource-level permissions, for which '*' is the only valid resource:
# https://docs.aws.amazon.com/service-authorization/latest/reference/
_WITHOUT_RESOURCE: Final = frozenset(
    name.lower()
    for name in (
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
    )
)
_ACTION: Final = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+")
# Wildcard read actions are accepted, except in services that hold secrets and permissions.
_READS: Final = re.compile(
    r"(?!(?i:iam|kms|secretsmanager|ssm|sts):)[a-z0-9-]+:(Get|List|Describe)\w*\*"
)
# Changes of permissions, by which a role gives itself or others more than it has.
_GRANTS: Final = re.compile(
    r"(?:iam|organizations|ram|sso|sso-directory):(?!get|list|passrole|simulate).*"
    r"|(?:ecr|kms|lambda|s3|secretsmanager|sns|sqs|glue):"
    r"(?:add|create|put|set|remove|delete)\w*"
    r"(?:permission|policy|acl|accesspointpolicy|publicaccessblock|grant)s?"
)
_WILDCARDS: Final = "*?"
_ARN_PARTS: Final = 6
_ACCOUNT_PART: Final = 4
# Shortest part of a resource's name before its first wildcard: `a*` names nearly everything.
_SHORTEST_PREFIX: Final = 4
# Condition keys of who calls, directly or through a service of AWS. Other keys the caller chooses.
_ACCOUNTS: Final = frozenset({"aws:principalaccount", "aws:sourceaccount", "kms:calleraccount"})
_ARNS: Final = frozenset({"aws:principalarn", "aws:sourcearn"})
# Encryption contexts that a service of AWS sets, such as the log group that it encrypts for:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
_SERVICE_CONTEXT: Final = "kms:encryptioncontext:aws:"
# A federated role without a condition on the subject trusts every token of the issuer:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
_OIDC_SUBJECT: Final = ":sub"
# Condition keys that name a resource where its ARN does not.
_RESOURCE_KEYS: Final = re.compile(r"kms:(resourcealiases|requestalias)|[\w-]+:resourcetag/.+")
_TEXT_OPERATORS: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike"})
# AWS's own policies for service roles that allow no more than a function, task or database needs.
_SERVICE_ROLE_POLICIES: Final = frozenset(
    {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AmazonAPIGatewayPushToCloudWatchLogs",
        "AmazonECSTaskExecutionRolePolicy",
        "AmazonRDSEnhancedMonitoringRole",
    }
)


def wide_identity(statement: Statement, account: str) -> Iterator[str]:
    """Yield what to name instead of too broad actions and resources of an identity policy."""
    yield from _wide_actions(statement)
    if statement.principals is not None:
        yield "no principal: the role's own"
    for action in statement.actions.values:
        if _GRANTS.fullmatch(action.lower()):
            yield f"no action that changes permissions, such as {action!r}"
    yield from wide_resources(statement, account)


def wide_resources(statement: Statement, account: str) -> Iterator[str]:
    """Yield what to name instead of too broad resources, or those of another account."""
    if statement.resources is None:
        yield "a Resource"
        return
    conditioned = any(_names_resource(item) for item in statement.conditions)
    named = {item.lower() for item in statement.actions.values} - _WITHOUT_RESOURCE
    for resource in statement.resources.values:
        parts = resource.split(":", _ARN_PARTS - 1)
        if not resource.strip("*"):
            if named:
                yield f"named resources for {sorted(named)}"
        elif _is_wide(resource, parts, conditioned=conditioned):
            yield f"a named resource instead of {resource!r}"
        elif len(parts) == _ARN_PARTS and parts[_ACCOUNT_PART] not in ("", account):
            yield f"a resource of account {account} instead of {resource!r}"


def wide_principal(statement: Statement, account: str, *, of_role: bool = False) -> Iterator[str]:
    """Yield what to name instead of too broad actions and principals of a resource policy.

    Args:
        statement: A statement that allows.
        account: The stack's account, whose principals may be named.
        of_role: Whether it is a role's trust policy. A service can only use a role that somebody
            of the role's own account has passed to it, so its name is enough there.
    """
    yield from _wide_actions(statement)
    if statement.principals is None:
        yield "a Principal"
    for kind, name in statement.principals or ():
        yield from _wide_caller(statement, kind, name, account=account, of_role=of_role)


def _wide_caller(
    statement: Statement, kind: str, name: str, *, account: str, of_role: bool
) -> Iterator[str]:
    if kind == "AWS" and name == "*":
        if _admits_strangers(statement, account):
            yield f"named principals, or a condition that only account {account} meets"
    elif kind == "AWS":
        if not _is_own(name, account):
            yield f"a principal of account {account} instead of {name!r}"
    elif kind == "Service":
        yield from _wide_service(statement, name, account=account, of_role=of_role)
    elif kind == "Federated":
        yield from _wide_federation(statement, name, account)
    else:
        yield f"a principal of kind AWS, Service or Federated instead of {kind}"


def _wide_service(statement: Statement, name: str, *, account: str, of_role: bool) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", name):
        yield f"a service of AWS instead of {name!r}"
    # A service acts for every account: without a condition on the source, any of them could have
    # it do this (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
    elif not of_role and _admits_strangers(statement, account, service=True):
        yield f"aws:SourceAccount {account}, or an aws:SourceArn of it"


def _wide_federation(statement: Statement, name: str, account: str) -> Iterator[str]:
    if not re.fullmatch(rf"arn:aws[\w-]*:iam::{account}:(oidc|saml)-provider/.+", name):
        yield f"an identity provider of account {account} instead of {name!r}"
    if not any(_names_subject(item) for item in statement.conditions):
        yield "a condition StringEquals on the token's subject (`<issuer>:sub`) without wildcards"


def is_wide_attachment(arn: object, account: str) -> bool:
    """Return whether a managed policy is neither a narrow one of AWS nor of the account's own."""
    text = str(arn)
    of_aws = re.fullmatch(r"arn:aws[\w-]*:iam::aws:policy/service-role/(\w+)", text)
    if of_aws:
        return of_aws[1] not in _SERVICE_ROLE_POLICIES
    own = re.fullmatch(rf"arn:aws[\w-]*:iam::{account}:policy/[\w+=,.@/-]+", text)
    name = text.rpartition("/")[2]
    broad = "Administrator" in name or name.endswith(("PowerUserAccess", "FullAccess"))
    return own is None or broad


def names_account(arn: object, account: str) -> bool:
    """Return whether an ARN, which may have wildcards in its last part, is one of an account."""
    return isinstance(arn, str) and _is_arn_of(arn, "StringLike", account)


def _wide_actions(statement: Statement) -> Iterator[str]:
    for action in statement.actions.values:
        if not _ACTION.fullmatch(action) and not _READS.fullmatch(action):
            yield f"named actions instead of {action!r}"
    negated = (statement.actions, statement.resources)
    if statement.not_principals or any(item and item.negated for item in negated):
        yield "no NotAction, NotResource or NotPrincipal in a statement that allows"


def _is_wide(resource: str, parts: list[str], *, conditioned: bool) -> bool:
    """Return whether an ARN pattern leaves the service, account or resource name open."""
    if not _has_wildcard(resource):
        return False
    if len(parts) < _ARN_PARTS or _has_wildcard(parts[2]) or _has_wildcard(parts[_ACCOUNT_PART]):
        return True
    kind, *rest = re.split("[:/]", parts[5], maxsplit=1)
    name = rest[0] if rest else kind
    prefix = re.split(r"[*?]", name, maxsplit=1)[0]
    open_name = _has_wildcard(name) and len(prefix) < _SHORTEST_PREFIX
    # `arn:aws:s3:::bucket/*` is bound to one bucket.
    bound = conditioned or (parts[2] == "s3" and bool(rest))
    return _has_wildcard(kind) or (open_name and not bound)


def _names_resource(condition: Condition) -> bool:
    return (
        _restricts(condition)
        and condition.operator in _TEXT_OPERATORS
        and bool(_RESOURCE_KEYS.fullmatch(condition.key))
        and all(value.strip(_WILDCARDS) and "${" not in value for value in condition.values)
    )


def _names_subject(condition: Condition) -> bool:
    return (
        _restricts(condition)
        and condition.operator in _TEXT_OPERATORS
        and condition.key.endswith(_OIDC_SUBJECT)
        and not any(_has_wildcard(value) or "${" in value for value in condition.values)
    )


def _admits_strangers(statement: Statement, account: str, *, service: bool = False) -> bool:
    """Return whether a caller outside an account can meet every condition of a statement.

    A caller outside chooses every key but those of its identity, and may leave any key out. With
    ``service`` the caller is a service of AWS that acts for a resource outside.
    """
    return not any(
        _restricts(item) and all(_is_of(value, item, account, service) for value in item.values)
        for item in statement.conditions
    )


def _restricts(condition: Condition) -> bool:
    """Return whether a request without the key, or with another value, fails a condition.

    A missing key meets `...IfExists`, negated operators, `ForAllValues` and `Null`.
    """
    lenient = condition.if_exists or condition.negated or condition.qualifier == "ForAllValues"
    return not lenient and condition.operator != "Null"


def _is_of(value: str, condition: Condition, account: str, service: bool) -> bool:  # noqa: FBT001
    """Return whether only callers of an account can have the value of a key of identity."""
    if condition.key in _ACCOUNTS:
        return condition.operator in _TEXT_OPERATORS and value == account
    if condition.key in _ARNS or (service and condition.key.startswith(_SERVICE_CONTEXT)):
        return _is_arn_of(value, condition.operator, account)
    return False


def _is_arn_of(pattern: str, operator: str, account: str) -> bool:
    """Return whether every ARN that a pattern matches is one of an account."""
    parts = pattern.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or "${" in pattern:
        return False
    if operator == "ArnLike":
        exact = parts[_ACCOUNT_PART : _ACCOUNT_PART + 1]  # its fields match one by one
    elif operator in _TEXT_OPERATORS:
        exact = parts[: _ACCOUNT_PART + 1]  # a wildcard also matches colons
    else:
        return False
    if any(_has_wildcard(part) for part in exact):
        return False
    if not parts[_ACCOUNT_PART]:
        # ARNs of buckets have no account; their names are unique.
        return parts[2] == "s3" and not _has_wildcard(parts[5])
    return parts[_ACCOUNT_PART] == account


def _is_own(principal: str, account: str) -> bool:
    named = rf"arn:aws[\w-]*:(iam|sts)::{account}:(root|(role|user|assumed-role)/[\w+=,.@/-]+)"
    return principal == account or bool(re.fullmatch(named, principal))


def _has_wildcard(text: str) -> bool:
    return any(mark in text for mark in _WILDCARDS)
