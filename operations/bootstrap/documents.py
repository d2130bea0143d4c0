"""IAM policies of the pipeline's roles, from the types of resource that a stack uses. Pure.

Limits: a managed policy holds 6,144 characters without spaces, a role ten of them
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). OIDC conditions:
https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from governance.documents import read_yaml
from governance.errors import GovernanceError

from operations.bootstrap.state import state_statements

__all__ = [
    "PROVIDER",
    "deploy_policies",
    "gate_policies",
    "preview_policies",
    "signing_key_policy",
    "trust_policy",
]

PROVIDER: Final = "token.actions.githubusercontent.com"
_LONGEST: Final = 6_144
_PASSED_TO: Final = (
    "apigateway.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "firehose.amazonaws.com",
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
# Reading a configuration is not reading what is kept: no secret, no object of other buckets, no
# record of a stream.
_READS: Final[Mapping[str, tuple[str, ...]]] = {
    "apigateway": ("GET",),
    "budgets": ("ViewBudget", "ListTagsForResource"),
    "kinesis": ("DescribeStream*", "List*"),
    "kms": ("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "List*"),
    "s3": (
        "GetBucket*",
        "GetEncryptionConfiguration",
        "GetLifecycleConfiguration",
        "ListBucket*",
        "GetAccelerateConfiguration",
        "GetReplicationConfiguration",
    ),
    "secretsmanager": ("DescribeSecret", "GetResourcePolicy", "ListSecrets"),
    "ssm": ("DescribeParameters", "ListTagsForResource"),
}
_READ: Final = ("Describe*", "Get*", "List*")
# Read with the state of an object or a parameter, and only of our own.
_OWN_READS: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("GetObject", "GetObjectAttributes", "GetObjectTagging", "GetObjectVersion"),
    "ssm": ("GetParameter", "GetParameters"),
}
_SIGNING: Final = ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign")
_KEY_CARE: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:GetKeyPolicy",
    "kms:GetPublicKey",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
# What is made has no ARN yet that a scope could name.
_UNSCOPED: Final = frozenset(
    {
        "kms:CreateKey",
        "route53:CreateHostedZone",
        "ecs:RegisterTaskDefinition",
        "ecs:DeregisterTaskDefinition",
        "cloudfront:CreateFunction",
    }
)


def deploy_policies(
    types: Collection[str], *, account: str, stack: str, region: str, regions: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the policies of the role that runs `pulumi up` on a stack.

    Args:
        types: Tokens of the AWS resources that the stack uses.
        account: The account, 12 digits.
        stack: The stack; names that begin with ``mobile-ai-<stack>-`` are its own.
        region: Where the state is.
        regions: Where it may work; global services are not bound to them.

    Raises:
        GovernanceError: A type has no entry in ``actions.yaml``.
    """
    services = _services(types)
    statements = [
        *state_statements(account=account, stack=stack, region=region, write=True),
        *_reading(services, account=account, stack=stack),
        *_writing(services, account=account, stack=stack, regions=regions),
    ]
    if "iam" in services:
        statements.append(_passing(account, stack))
    if "kms" in services:
        statements.append(_leaving(services["kms"]))
    return _packed(statements)


def preview_policies(
    types: Collection[str], *, account: str, stack: str, region: str
) -> list[dict[str, Any]]:
    """Return the policies of the role that previews and audits a stack: reading only.

    Of secrets it gets those in the state, with which a preview compares.

    Raises:
        GovernanceError: A type has no entry in ``actions.yaml``.
    """
    return _packed(
        [
            *_judging(types, account=account, stack=stack, region=region),
            *_auditing(account, stack),
            *_looking(account),
        ]
    )


def gate_policies(
    types: Collection[str], *, account: str, stack: str, region: str, key: str
) -> list[dict[str, Any]]:
    """Return the policies of the role that judges a stack and signs the verdict.

    Args:
        types: Tokens of the AWS resources that the stack uses.
        account: The account, 12 digits.
        stack: The stack.
        region: Where the state is.
        key: ARN of the key that signs.

    Raises:
        GovernanceError: A type has no entry in ``actions.yaml``.
    """
    judging = _judging(types, account=account, stack=stack, region=region)
    return _packed([*judging, _statement("SignVerdict", _SIGNING, [key])])


def signing_key_policy(*, account: str, role: str) -> dict[str, Any]:
    """Return the key policy under which one role signs, whatever IAM policies say elsewhere.

    The usual statement that hands ``kms:*`` to the account's IAM policies is left out on purpose:
    without it nobody can be allowed to sign but who is named here. Administrators may look after
    the key; the pipeline's own roles, and those that a deployment makes, may not.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html

    Args:
        account: The account that holds the key.
        role: ARN of the role that signs; it must exist.
    """
    arn = f"arn:aws:iam::{account}:role/mobile-ai"
    ours = {"ArnNotLike": {"aws:PrincipalArn": [f"{arn}/*", f"{arn}-*"]}}
    administer = _statement("Administer", _KEY_CARE, ["*"], ours)
    sign = _statement("SignVerdict", _SIGNING, ["*"])
    return {
        "Version": "2012-10-17",
        "Statement": [
            {**administer, "Principal": {"AWS": f"arn:aws:iam::{account}:root"}},
            {**sign, "Principal": {"AWS": role}},
        ],
    }


def trust_policy(*, account: str, repository: str, environment: str) -> dict[str, Any]:
    """Return who may take a role: jobs of one environment of one repository, and nobody else.

    Args:
        account: The account that holds the role.
        repository: ``owner/name``.
        environment: The environment of the workflow's job.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{PROVIDER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{PROVIDER}:aud": "sts.amazonaws.com",
                        f"{PROVIDER}:sub": f"repo:{repository}:environment:{environment}",
                    }
                },
            }
        ],
    }


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).parent / "actions.yaml"
    value: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"), name=path.name)
    return value


def _services(types: Collection[str]) -> dict[str, set[str]]:
    """Return the actions by service that change resources of these types."""
    known = _table()["types"]
    missing = sorted(set(types) - set(known))
    if missing:
        raise GovernanceError(
            missing[0],
            got="a type that no permission is known for",
            expected="an entry in operations/bootstrap/actions.yaml",
            next_step="add the actions that create, update, tag and delete it",
        )
    services: dict[str, set[str]] = {}
    for action in (action for name in types for action in known[name]):
        services.setdefault(action.partition(":")[0], set()).add(action)
    return services


def _judging(
    types: Collection[str], *, account: str, stack: str, region: str
) -> Iterator[dict[str, Any]]:
    """Yield what a preview needs: the state, and the configuration of what is deployed."""
    yield from state_statements(account=account, stack=stack, region=region, write=False)
    yield from _reading(_services(types), account=account, stack=stack)


def _reading(services: Iterable[str], *, account: str, stack: str) -> Iterator[dict[str, Any]]:
    for service in sorted(services):
        actions = [f"{service}:{name}" for name in _READS.get(service, _READ)]
        yield _statement(f"Read{_word(service)}", actions, ["*"])
        if own := _OWN_READS.get(service):
            scope = _scope(service, account=account, stack=stack)
            yield _statement(f"ReadOwn{_word(service)}", [f"{service}:{n}" for n in own], scope)


def _auditing(account: str, stack: str) -> Iterator[dict[str, Any]]:
    """Yield what an audit needs beside: the bytes that devices get, and who called AWS."""
    released = {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [f"alias/mobile-ai-{stack}-models"]},
        "StringLike": {"kms:ViaService": "s3.*.amazonaws.com"},
    }
    keys = [f"arn:aws:kms:*:{account}:key/*"]
    yield _statement("ReadReleased", ["kms:Decrypt"], keys, released)
    # AWS cannot limit this one to resources: it shows every management call of the account.
    yield _statement("AskWhoChanged", ["cloudtrail:LookupEvents"], ["*"])


def _looking(account: str) -> Iterator[dict[str, Any]]:
    """Yield what `mobile-ai images` needs: tags and manifests, no layer."""
    yield _statement("LogInToImages", ["ecr:GetAuthorizationToken"], ["*"])
    repositories = [f"arn:aws:ecr:*:{account}:repository/mobile-ai/*"]
    yield _statement("ReadImageTags", ["ecr:BatchGetImage", "ecr:ListImages"], repositories)


def _writing(
    services: Mapping[str, set[str]], *, account: str, stack: str, regions: Sequence[str]
) -> Iterator[dict[str, Any]]:
    # Certificates and firewalls of a distribution are in this region, wherever the stack is.
    bound = {"StringEquals": {"aws:RequestedRegion": sorted({*regions, "us-east-1"})}}
    for service, actions in sorted(services.items()):
        condition = {} if _table()["services"][service].get("global") else bound
        scope = _scope(service, account=account, stack=stack)
        scoped, free = sorted(actions - _UNSCOPED), sorted(actions & _UNSCOPED)
        if scoped:
            yield _statement(f"Change{_word(service)}", scoped, scope, condition)
        if free:
            yield _statement(f"Make{_word(service)}", free, ["*"], condition)


def _passing(account: str, stack: str) -> dict[str, Any]:
    roles = [f"arn:aws:iam::{account}:role/mobile-ai-{stack}-*"]
    condition = {"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}}
    return _statement("PassOwnRoles", ["iam:PassRole"], roles, condition)


def _leaving(actions: Collection[str]) -> dict[str, Any]:
    """Return the refusal to touch keys of the bootstrap: state and signers are not a stack's.

    A key has no name that a scope could tell apart, and who may write a key's policy may let
    himself sign with it.
    """
    condition = {"StringEquals": {"aws:ResourceTag/mobile-ai:managed-by": "bootstrap"}}
    touching = sorted(set(actions) - _UNSCOPED)
    statement = _statement("LeaveKeysOfBootstrap", touching, ["*"], condition)
    return {**statement, "Effect": "Deny"}


def _scope(service: str, *, account: str, stack: str) -> list[str]:
    prefix = f"mobile-ai-{stack}-"
    names = {"account": account, "prefix": prefix, "table": prefix.replace("-", "_")}
    return [text.format(**names) for text in _table()["services"][service]["scope"]]


def _statement(
    sid: str, actions: Sequence[str], on: Sequence[str], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(on),
    }
    return {**statement, "Condition": condition} if condition else statement


def _packed(statements: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return statements in as few policies as the limit allows, in order."""
    policies: list[dict[str, Any]] = []
    for statement in statements:
        longer = {
            "Version": "2012-10-17",
            "Statement": [*(policies[-1]["Statement"] if policies else ()), statement],
        }
        if policies and len(json.dumps(longer, separators=(",", ":"))) <= _LONGEST:
            policies[-1] = longer
        else:
            policies.append({"Version": "2012-10-17", "Statement": [statement]})
    return policies


def _word(service: str) -> str:
    return "".join(part.capitalize() for part in service.split("-"))
