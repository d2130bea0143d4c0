"""Does every permission name what may be done, and on what?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from governance.case import Case
from governance.rule import Rule, resource_rule

__all__ = ["RULES", "statements"]

# Where each type keeps its policy document.
_DOCUMENTS: Final[Mapping[str, str]] = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
}
_IDENTITY: Final = frozenset(item for item in _DOCUMENTS if item.startswith("aws:iam/"))
# Actions that AWS defines without resources: '*' is the only resource they take.
_WITHOUT_RESOURCE: Final = frozenset(
    {
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
# Condition keys that name who asks, so that "everybody" is not everybody.
_SCOPES: Final = frozenset(
    {
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceVpce",
    }
)


@resource_rule(
    id="no-wildcard-iam",
    title="No policy allows every action, every resource, or everybody.",
    group="security",
    severity="critical",
    frameworks=("AWS FSBP IAM.1 and IAM.21", "CIS AWS 1.16", "NIST AI RMF GOVERN 1.4"),
    remediation="name the actions, the resources and the principals",
    applies_to=(*_DOCUMENTS, "aws:iam/rolePolicyAttachment:RolePolicyAttachment"),
    on_unknown="defer",  # a document holds ARNs that only the cloud knows at preview
)
def no_wildcard_iam(case: Case) -> None:
    """Check every statement that allows something, and attached AWS policies."""
    if case.resource.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment":
        arn = case.at("policyArn")
        arn.require(lambda value: not _is_broad(value), "a policy that is not administrator's")
        return
    for statement in statements(case, _DOCUMENTS[case.resource.type]):
        if statement.get("Effect") == "Allow":
            _allowed(case, statement)


def statements(case: Case, key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the statements of a policy document; what is not one is noted as wrong."""
    node = case.at(key)
    document = node.json()
    found = document.get("Statement") if isinstance(document, Mapping) else None
    for statement in found if isinstance(found, list) else [found]:
        if isinstance(statement, Mapping):
            yield statement
        elif not case.notes.unknowns:
            node.require(lambda _: False, "a policy document with statements")


def _allowed(case: Case, statement: Mapping[str, Any]) -> None:
    node = case.at(_DOCUMENTS[case.resource.type])
    actions, resources = _texts(statement.get("Action")), _texts(statement.get("Resource"))
    for action in actions:
        if action == "*" or action.endswith(":*"):
            node.deny(f"named actions instead of {action!r}")
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        node.deny("no NotAction, NotResource or NotPrincipal in a statement that allows")
    identity = case.resource.type in _IDENTITY
    if identity and "*" in resources and not set(actions) <= _WITHOUT_RESOURCE:
        node.deny(f"named resources for {sorted(set(actions) - _WITHOUT_RESOURCE)}")
    if "*" in _principals(statement.get("Principal")) and not _is_scoped(statement):
        node.deny("named principals, or a condition on who asks")


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value or "")]


def _principals(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [item for entry in value.values() for item in _texts(entry)]
    return _texts(value)


def _is_scoped(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition")
    tests = condition.values() if isinstance(condition, Mapping) else ()
    keys = {key for test in tests if isinstance(test, Mapping) for key in test}
    return bool(keys & _SCOPES)


def _is_broad(value: object) -> bool:
    name = str(value).rpartition("/")[2]
    return name in {"AdministratorAccess", "PowerUserAccess"} or name.endswith("FullAccess")


RULES: Final[tuple[Rule, ...]] = (no_wildcard_iam,)
