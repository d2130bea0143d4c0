"""Rules on AWS IAM and resource policies: actions, resources and principals must be named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mobile_ai.contracts.reading import Property
from mobile_ai.governance.iam_policy import (
    JudgedStatement,
    is_wide_attachment,
    wide_identity,
    wide_principal,
)
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ROLE: Final = "aws:iam/role:Role"
# The property in which each type keeps its policy document.
_IDENTITY: Final[Mapping[str, str]] = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
}
_OF_RESOURCES: Final[Mapping[str, str]] = {
    _ROLE: "assumeRolePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
# Types that take an inline policy although a separate policy resource exists.
_INLINE: Final[Mapping[str, str]] = {
    "aws:kms/externalKey:ExternalKey": "policy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucket:Bucket": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sqs/queue:Queue": "policy",
}


@resource_rule(
    id="no-wildcard-iam",
    title="No policy allows all actions, all resources, or all principals.",
    group="security",
    severity="critical",
    frameworks=("AWS FSBP IAM.1 and IAM.21", "CIS AWS 1.16", "NIST AI RMF GOVERN 1.4"),
    remediation="name the actions, the resources and the principals",
    applies_to=(*_IDENTITY, *_OF_RESOURCES, *_INLINE, _ATTACHMENT),
    on_unknown="defer",  # policy documents hold ARNs that are unknown at preview
)
def no_wildcard_iam(case: Case) -> None:
    """Check every statement that allows something, and attached policies."""
    kind = case.resource.type
    if kind == _ATTACHMENT:
        _attached(case.at("policyArn"))
    elif kind in _IDENTITY:
        _judge(case, case.at(_IDENTITY[kind]), wide_identity)
    elif kind in _OF_RESOURCES:
        _judge(case, case.at(_OF_RESOURCES[kind]), wide_principal)
    elif not case.at(_INLINE[kind]).missing:
        _judge(case, case.at(_INLINE[kind]), wide_principal)
    if kind == _ROLE:
        for policy in case.at("inlinePolicies").items():
            _judge(case, policy.at("policy"), wide_identity)
        for arn in case.at("managedPolicyArns").items():
            _attached(arn)


def statements(case: Case, node: Property) -> Iterator[JudgedStatement]:
    """Yield the statements of a policy document; deny malformed ones."""
    document = node.json()
    found = document.get("Statement") if isinstance(document, Mapping) else None
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Mapping):
            yield statement
        elif not case.notes.unknowns:
            node.require(lambda _: False, "a policy document with statements")


def _judge(case: Case, node: Property, wide: Callable[[JudgedStatement], Iterator[str]]) -> None:
    for statement in statements(case, node):
        if statement.get("Effect") != "Deny":
            for expected in wide(statement):
                node.deny(expected)


def _attached(arn: Property) -> None:
    arn.require(
        lambda value: not is_wide_attachment(value),
        "a policy of the stack's own, or one of AWS for a service role",
    )


RULES: Final[tuple[Rule, ...]] = (no_wildcard_iam,)
