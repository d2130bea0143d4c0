"""Rules on AWS IAM and resource policies: actions, resources and principals must be named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mobile_ai.contracts.reading import Property, is_text
from mobile_ai.governance.iam_document import PolicyError, Statement, parse_policy
from mobile_ai.governance.iam_policy import (
    is_wide_attachment,
    wide_identity,
    wide_principal,
    wide_resources,
)
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ROLE: Final = "aws:iam/role:Role"
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
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
_Check = Callable[[Statement, str], Iterator[str]]


@resource_rule(
    id="no-wildcard-iam",
    title="No policy allows all actions, all resources, or principals of other accounts.",
    group="security",
    severity="critical",
    frameworks=("AWS FSBP IAM.1 and IAM.21", "CIS AWS 1.16", "NIST AI RMF GOVERN 1.4"),
    remediation="name the actions, the resources and the principals",
    applies_to=(*_IDENTITY, *_OF_RESOURCES, *_INLINE, _ATTACHMENT, _ENDPOINT),
    on_unknown="defer",  # policy documents hold ARNs that are unknown at preview
)
def no_wildcard_iam(case: Case) -> None:
    """Check every statement that allows something, and attached policies."""
    kind = case.resource.type
    if kind == _ATTACHMENT:
        _attached(case, case.at("policyArn"))
    elif kind in _IDENTITY:
        _judge(case, case.at(_IDENTITY[kind]), wide_identity)
    elif kind == _ROLE:
        _judge(case, case.at(_OF_RESOURCES[kind]), _of_role)
        for policy in case.at("inlinePolicies").items():
            _judge(case, policy.at("policy"), wide_identity)
        for arn in case.at("managedPolicyArns").items():
            _attached(case, arn)
    elif kind == _ENDPOINT:
        # An endpoint without a policy lets every principal reach every resource of the service.
        if not case.at("policy").pending:
            case.at("policy").require(is_text, "a policy")
        _judge(case, case.at("policy"), _of_endpoint)
    elif kind in _OF_RESOURCES:
        _judge(case, case.at(_OF_RESOURCES[kind]), wide_principal)
    elif not case.at(_INLINE[kind]).missing:
        _judge(case, case.at(_INLINE[kind]), wide_principal)


def statements(case: Case, node: Property) -> tuple[Statement, ...]:
    """Return the statements of a policy document; deny what is no policy."""
    document = node.json()
    if document is None and case.notes.unknowns:
        return ()
    try:
        return parse_policy(document)
    except PolicyError as error:
        node.deny(str(error))
        return ()


def _of_role(statement: Statement, account: str) -> Iterator[str]:
    return wide_principal(statement, account, of_role=True)


def _of_endpoint(statement: Statement, account: str) -> Iterator[str]:
    """Yield what is wrong where neither the principals nor the resources are named."""
    wide = list(wide_principal(statement, account))
    if wide and (statement.resources is None or list(wide_resources(statement, account))):
        yield from wide


def _judge(case: Case, node: Property, wide: _Check) -> None:
    account = case.facts.setting.bounds.account
    for statement in statements(case, node):
        if statement.allows:
            for expected in wide(statement, account):
                node.deny(expected)


def _attached(case: Case, arn: Property) -> None:
    account = case.facts.setting.bounds.account
    arn.require(
        lambda value: not is_wide_attachment(value, account),
        "a policy of the stack's account, or a narrow one of AWS for a service role",
    )


RULES: Final[tuple[Rule, ...]] = (no_wildcard_iam,)
