"""AWS permissions that a plan needs: per action, on the ARNs of its resources. Pure.

``calls.yaml`` lists the API calls behind each resource type, reviewed by people. AWS's Service
Authorization Reference lists the kinds of resource on which an action is checked; the needed part
of it is generated into ``authorization.json`` (``make docs``). A right is a call on a kind, with
the name that the plan gives the resource.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from mobile_ai.contracts.documents import read_yaml
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.reading import UNKNOWN
from mobile_ai.contracts.resource import Resource

_Verb = Literal["create", "read", "update", "tag", "delete", "pass", "link"]
_VERBS: Final[tuple[_Verb, ...]] = ("create", "read", "update", "tag", "delete")
# Global services: aws:RequestedRegion is the region of their endpoint, not the stack's.
_GLOBAL: Final = frozenset({"billing", "budgets", "ce", "cloudfront", "iam", "route53"})
_KEY_USE: Final = frozenset({"Decrypt", "Encrypt", "GenerateDataKey", "RetireGrant"})
_KEY_GRANTS: Final = frozenset({"CreateGrant", "RevokeGrant"})
# Actions that grant rights to a role, and so to whoever may use it: only with the boundary.
_GIVING: Final = frozenset(
    {"AttachRolePolicy", "CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy"}
)
_FIELD: Final = re.compile(r"\{([\w.]+)(?:\|([^}]*))?\}")
_IMAGE: Final = re.compile(r"^\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com/([^:@]+)")
# The first variable of an ARN's format that is a name; everything before it is fixed.
_NAME: Final = re.compile(r"\$\{(?!Partition\}|Region\}|Account\})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlace:
    """The account and the stack that rights are for.

    Attributes:
        account: 12 digits.
        stack: The stack; names that begin with ``mobile-ai-<stack>-`` are its own.
        region: The stack's region.
        regions: Every region in which the stack's calls are allowed.
    """

    account: str
    stack: str
    region: str
    regions: tuple[str, ...]

    @property
    def prefix(self) -> str:
        """Prefix of every name of the stack."""
        return f"mobile-ai-{self.stack}-"

    @property
    def boundary(self) -> str:
        """ARN of the permissions boundary of the stack's roles."""
        name = f"mobile-ai-pipeline-{self.stack}-boundary"
        return f"arn:aws:iam::{self.account}:policy/mobile-ai/{name}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Right:
    """One action that a resource of the plan needs, on one ARN.

    Attributes:
        type: Type token of the resource.
        name: Its logical name.
        verb: The step that needs it; ``pass`` passes a role to a service, ``link`` creates the
            service-linked role of one.
        action: ``service:Name``.
        arn: The ARN, with ``*`` for parts that AWS generates.
        condition: Condition of the grant, as canonical JSON; empty for none.
    """

    type: str
    name: str
    verb: _Verb
    action: str
    arn: str
    condition: str

    @property
    def service(self) -> str:
        """IAM prefix of the service."""
        return self.action.partition(":")[0]


def rights_of_plan(resources: Iterable[Resource], place: StackPlace) -> list[Right]:
    """Return the rights that a plan's AWS resources need, in order of the plan.

    Raises:
        GovernanceError: A type has no entry in ``calls.yaml``, or a role's trust is unknown.
    """
    return [
        right
        for resource in resources
        if resource.type.startswith("aws:")
        for right in _rights(resource, place)
    ]


@cache
def calls() -> Mapping[str, Mapping[str, Any]]:
    """Return the reviewed table of calls by resource type."""
    path = Path(__file__).parent / "calls.yaml"
    table: Mapping[str, Mapping[str, Any]] = read_yaml(
        path.read_text(encoding="utf-8"), name=path.name
    )["types"]
    return table


@cache
def authorization() -> Mapping[str, Mapping[str, str]]:
    """Return AWS's reference: ARN formats by kind, for each action.

    An action without kinds applies only to ``*``.
    """
    path = Path(__file__).parent / "authorization.json"
    table: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return table


def _rights(resource: Resource, place: StackPlace) -> Iterator[Right]:
    entry = calls().get(resource.type)
    if entry is None:
        raise GovernanceError(
            resource.type,
            got="a type without known permissions",
            expected="an entry in src/mobile_ai/operations/bootstrap/calls.yaml",
            next_step="add its calls (create, read, update, tag, delete) to "
            "mobile_ai/operations/bootstrap/calls.yaml",
        )
    for verb, action in _called(resource, entry):
        condition = _condition(action, resource, place)
        for arn in _arns(action, entry, resource, place):
            yield _right(resource, verb, action, arn, condition)
    for service in entry.get("linked", ()):
        arn = f"arn:aws:iam::{place.account}:role/aws-service-role/{service}/*"
        condition = {"StringEquals": {"iam:AWSServiceName": service}}
        yield _right(resource, "link", "iam:CreateServiceLinkedRole", arn, condition)
    if resource.type == "aws:iam/role:Role":
        yield from _passing(resource, entry, place)


def _right(
    resource: Resource, verb: _Verb, action: str, arn: str, condition: Mapping[str, Any]
) -> Right:
    text = json.dumps(condition, sort_keys=True) if condition else ""
    return Right(
        type=resource.type, name=resource.name, verb=verb, action=action, arn=arn, condition=text
    )


def _called(resource: Resource, entry: Mapping[str, Any]) -> Iterator[tuple[_Verb, str]]:
    """Yield the calls of a type, and those of the inputs that the resource sets."""
    conditional = entry.get("when", {})
    sets = [conditional[name] for name in sorted(conditional) if _is_set(resource, name)]
    for verb in _VERBS:
        for part in (entry, *sets):
            yield from ((verb, action) for action in part.get(verb, ()))


def _is_set(resource: Resource, name: str) -> bool:
    value = resource.props.get(name)
    return value is UNKNOWN or bool(value)


def _passing(role: Resource, entry: Mapping[str, Any], place: StackPlace) -> Iterator[Right]:
    """Yield the right to pass a role to each service that the role trusts, and to no other."""
    text = role.props.get("assumeRolePolicy")
    if not isinstance(text, str):
        raise GovernanceError(
            f"role {role.name!r}",
            got="a trust policy that is unknown before it exists",
            expected="one that the plan shows: it names the services that may get the role",
            next_step="write assumeRolePolicy from known values",
        )
    (arn,) = _arns("iam:PassRole", entry, role, place)
    for service in sorted(_trusted(json.loads(text))):
        condition = {"StringEquals": {"iam:PassedToService": service}}
        yield _right(role, "pass", "iam:PassRole", arn, condition)


def _trusted(policy: Mapping[str, Any]) -> set[str]:
    listed = (
        statement["Principal"].get("Service", ())
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
    )
    return {name for item in listed for name in ([item] if isinstance(item, str) else item)}


def _arns(
    action: str, entry: Mapping[str, Any], resource: Resource, place: StackPlace
) -> Sequence[str]:
    """Return the ARNs on which AWS checks an action of a resource."""
    service = action.partition(":")[0]
    given = entry.get("arns", {})
    if templates := given.get(action) or given.get(service):
        return [_filled(text, resource, place) for text in templates]
    kinds = authorization()[action]
    if not kinds:
        return ["*"]
    names = entry.get("names", {})
    return [_arn(kinds[kind], names[kind], resource, place) for kind in kinds if kind in names]


def _arn(form: str, name: str, resource: Resource, place: StackPlace) -> str:
    """Return an ARN in AWS's format, with a name in place of its variables."""
    found = _NAME.search(form)
    head = form[: found.start()] if found else form
    if found is None:
        name = ""
    filled = _filled(name, resource, place)
    head = head.replace("${Partition}", "aws").replace("${Account}", place.account)
    head = head.replace("${Region}", _region(resource, place))
    # An input may repeat a part of the format: `alias/...`, the first slash of a parameter.
    kind = head.rpartition(":")[2]
    return head + (filled.removeprefix(kind).removeprefix("/") if kind else filled)


def _filled(template: str, resource: Resource, place: StackPlace) -> str:
    own = {"account": place.account, "region": _region(resource, place), "stack": place.prefix}

    def value(match: re.Match[str]) -> str:
        path, fallback = match.group(1), match.group(2)
        known = own.get(path) or _input(resource.props, path)
        return known or (f"{place.prefix}*" if fallback is None else fallback)

    return _FIELD.sub(value, template).replace("**", "*")


def _input(props: Mapping[str, Any], path: str) -> str | None:
    """Return a known text input as a name: the last part of an ARN, the repository of an image."""
    value: Any = props
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value:
        return None
    image = _IMAGE.match(value)
    if image:
        return image.group(1)
    return value.rpartition(":")[2] if value.startswith("arn:") else value


def _region(resource: Resource, place: StackPlace) -> str:
    region = resource.props.get("region")
    return region if isinstance(region, str) else place.region


def _condition(action: str, resource: Resource, place: StackPlace) -> dict[str, Any]:
    service, _, name = action.partition(":")
    if service == "kms" and name in _KEY_USE:
        # Only AWS services call KMS, on behalf of the caller. They reach what the caller's rights
        # with that service reach: names of this stack.
        through = [f"*.{region}.amazonaws.com" for region in place.regions]
        return {"StringLike": {"kms:ViaService": through}}
    bound: dict[str, Any] = {}
    if service == "kms" and name in _KEY_GRANTS:
        bound = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    if service in _GLOBAL:
        return _role_condition(name, resource, place)
    return {**bound, "StringEquals": {"aws:RequestedRegion": list(place.regions)}}


def _role_condition(name: str, resource: Resource, place: StackPlace) -> dict[str, Any]:
    condition: dict[str, Any] = {}
    if name in {"AttachRolePolicy", "DetachRolePolicy"}:
        managed = resource.props.get("managedPolicyArns") or [resource.props.get("policyArn")]
        named = sorted(arn for arn in managed if isinstance(arn, str))
        condition["ArnEquals"] = {"iam:PolicyARN": named}
    if name in _GIVING:
        condition["StringEquals"] = {"iam:PermissionsBoundary": place.boundary}
    return condition
