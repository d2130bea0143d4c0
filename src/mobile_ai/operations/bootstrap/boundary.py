"""Permissions boundary of a stack's roles: the union of what its plan grants them. Pure.

A principal that may create roles and write their policies may do everything, unless a boundary
that it cannot change limits those policies. The deploy role may only create roles with this
boundary. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.policies import own_names, packed, statement
from mobile_ai.operations.bootstrap.rights import StackPlace

_unknown = GovernanceError.advising(
    "write them as an inline policy of known values",
    expected="rights that the plan shows, from which the roles' boundary is made",
)

_ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
_ROLE: Final = "aws:iam/role:Role"
# Content of the AWS managed policies that a stack's roles use.
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonRDSEnhancedMonitoringRole.html
_OF_AWS: Final[Mapping[str, tuple[dict[str, Any], ...]]] = {
    "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole": (
        {
            "Action": ["logs:CreateLogGroup", "logs:PutRetentionPolicy"],
            "Resource": ["arn:aws:logs:*:*:log-group:RDS*"],
        },
        {
            "Action": [
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:GetLogEvents",
                "logs:PutLogEvents",
            ],
            "Resource": ["arn:aws:logs:*:*:log-group:RDS*:log-stream:*"],
        },
    )
}


def boundary_policy(resources: Iterable[Resource], place: StackPlace) -> dict[str, Any]:
    """Return the policy that no role of the stack can exceed.

    Raises:
        GovernanceError: A role's policy is unknown in the plan, or is an unlisted AWS managed one.
    """
    granted: dict[tuple[str, frozenset[str]], set[str]] = defaultdict(set)
    for allowed in _allowed(resources):
        condition = json.dumps(allowed.get("Condition", {}), sort_keys=True)
        arns = frozenset(own_names(arn, place) for arn in _listed(allowed["Resource"]))
        granted[condition, arns].update(_listed(allowed["Action"]))
    items = sorted(granted.items(), key=lambda item: (sorted(item[1]), sorted(item[0][1])))
    policies = packed(
        statement(f"Limit{number}", sorted(actions), sorted(arns), json.loads(condition) or None)
        for number, ((condition, arns), actions) in enumerate(items, 1)
    )
    if len(policies) > 1:
        raise GovernanceError(
            "permissions boundary",
            got=f"{len(policies)} policies",
            expected="one: a role has one boundary",
            next_step="split the stack: its roles need more rights than one policy can hold",
        )
    return policies[0] if policies else {"Version": "2012-10-17", "Statement": [_NOTHING]}


_NOTHING: Final[dict[str, Any]] = {
    "Sid": "Nothing",
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
}


def _allowed(resources: Iterable[Resource]) -> Iterator[dict[str, Any]]:
    """Yield the statements that the plan grants its roles."""
    for resource in resources:
        if resource.type == _ROLE_POLICY:
            yield from _inline(resource)
        elif resource.type == _ROLE:
            for arn in resource.props.get("managedPolicyArns") or ():
                yield from _managed(resource, arn)


def _inline(policy: Resource) -> Iterator[dict[str, Any]]:
    text = policy.props.get("policy")
    if not isinstance(text, str):
        raise _unknown(f"policy of role {policy.name!r}", "a document that is unknown yet")
    for item in json.loads(text)["Statement"]:
        if item["Effect"] == "Allow":
            yield item


def _managed(role: Resource, arn: Any) -> Iterator[dict[str, Any]]:
    if arn not in _OF_AWS:
        raise _unknown(f"role {role.name!r}", f"the managed policy {arn}")
    yield from _OF_AWS[arn]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
