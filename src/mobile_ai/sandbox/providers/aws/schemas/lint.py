"""Runs cfn-lint on the template of one resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from mobile_ai.sandbox.providers.aws.schemas.template import Template

if TYPE_CHECKING:
    from cfnlint.match import Match
    from cfnlint.runner import Runner

# Region with the most complete schemas, used for regions unknown to cfn-lint.
_FALLBACK: Final = "us-east-1"
# Services with one endpoint for every region: most regions' schemas lack some of their types.
_GLOBAL: Final = (
    "AWS::Budgets::",
    "AWS::CE::",
    "AWS::CloudFront::",
    "AWS::IAM::",
    "AWS::Route53::",
)
_CRASHED: Final = "E0002"
_CRASH: Final = "Exception "
_REQUIRED: Final = "E3003"
_MISSING: Final = "is a required property"
# cfn-lint keeps state in its modules.
_LOCK: Final = Lock()


@dataclass(frozen=True, slots=True)
class LintFinding:
    """An error reported by cfn-lint.

    Attributes:
        path: Property; empty for the whole resource.
        rule: cfn-lint's rule ID.
        message: Its message, which contains the value.
        title: Its title, without the value.
    """

    path: str
    rule: str
    message: str
    title: str


def lint(template: Template, region: str) -> Iterator[LintFinding]:
    """Yield cfn-lint's errors about a template, except those about unknown values.

    Args:
        template: The template.
        region: Region of the resource; some types and values exist in some regions only.
    """
    parameters = {name: {"Type": "String"} for name in template.parameters}
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": template.resources,
        **({"Parameters": parameters} if parameters else {}),
    }
    with _LOCK:
        where = _FALLBACK if _is_global(template) else _known(region)
        matches = list(_runner(where).validate_template(document))
    for match in matches:
        if found := _finding(match, template):
            yield found


def resource_schema(kind: str, region: str) -> Mapping[str, Any] | None:
    """Return CloudFormation's schema of a resource type, None if it does not exist."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

    if kind not in resource_types():
        return None
    with _LOCK:
        try:
            found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_known(region), kind)
        except Exception as error:
            if type(error).__name__ != "ResourceNotFoundError":
                raise
            found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_FALLBACK, kind)
    schema: Mapping[str, Any] = found.schema
    return schema


@cache
def resource_types() -> frozenset[str]:
    """Return the names of all CloudFormation resource types."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

    return frozenset(PROVIDER_SCHEMA_MANAGER.get_resource_types(_FALLBACK))


@cache
def _runner(region: str) -> Runner:
    # Imported here: it takes most of a second, and most previews use cached verdicts only.
    from cfnlint.config import ConfigMixIn  # noqa: PLC0415
    from cfnlint.rules import Rules  # noqa: PLC0415
    from cfnlint.runner import Runner  # noqa: PLC0415

    runner = Runner(ConfigMixIn(cli_args=[], regions=[region]))
    # Errors only: a run's time grows with every pair of rules, most of which are warnings.
    runner.rules = Rules({name: rule for name, rule in runner.rules.items() if name[0] == "E"})
    return runner


def _is_global(template: Template) -> bool:
    return all(item["Type"].startswith(_GLOBAL) for item in template.resources.values())


def _known(region: str) -> str:
    from cfnlint.helpers import REGIONS  # noqa: PLC0415

    return region if region in REGIONS else _FALLBACK


def _finding(match: Match, template: Template) -> LintFinding | None:
    path = tuple(getattr(match, "path", ()))[1:]
    if match.rule.id == _CRASHED or match.message.startswith(_CRASH):
        return None  # a crash of the rule itself is no finding
    if template.is_unknown(path):
        return None
    if match.rule.id == _REQUIRED and _is_filled_in(match.message, path, template):
        return None
    return LintFinding(
        template.property_at(path), match.rule.id, match.message, match.rule.shortdesc
    )


def _is_filled_in(message: str, path: tuple[str | int, ...], template: Template) -> bool:
    """Return whether a missing required member is not the program's responsibility."""
    if path and path[0] in template.partial:
        return True
    return any(f"'{member}' {_MISSING}" == message for member in template.filled)
