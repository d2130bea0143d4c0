"""Requires cost allocation tags on taggable AWS resources and Kubernetes objects."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.reading import Property, one_of
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case
from mobile_ai.governance.taggable import taggable_types

_AWS: Final = "mobile-ai:"
_KUBERNETES: Final = "mobile-ai.dev/"
# Types that render other objects and have no labels of their own.
_UNLABELLED: Final = ("kubernetes:helm", "kubernetes:yaml", "kubernetes:kustomize")


@resource_rule(
    id="cost-tags-required",
    title="Every taggable resource has the cost allocation tags.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Allocation", "AWS FSBP tagging controls", "CIS Controls 1.1"),
    remediation="take the tags from CostTags, or from the provider's default tags",
    applies_to=("aws:*", "kubernetes:*"),
    waivable_by="finops-approver",
    parameters={
        "required": Parameter(
            default=["project", "team", "cost-center", "environment", "managed-by"],
            doc="Tag names, without their prefix.",
            weaker="fewer",
        ),
        "allowed": Parameter(
            default={},
            doc="Allowed values by tag name; a tag that is not listed may have any value.",
            weaker="never",
        ),
    },
)
def cost_tags_required(case: Case) -> None:
    """Check the effective tags: the resource's own, else the provider's default tags."""
    kind = case.resource.type
    if kind.startswith("kubernetes:"):
        if not kind.startswith(_UNLABELLED):
            own = case.at("metadata", "labels")
            _check(case, _KUBERNETES, (own,))
    elif kind in taggable_types():
        _check(case, _AWS, (case.at("tags"), case.provider("defaultTags", "tags")))


def _check(case: Case, prefix: str, places: tuple[Property, ...]) -> None:
    for name in case.parameters["required"]:
        found = [place.at(f"{prefix}{name}") for place in places]
        present = [node for node in found if not node.missing]
        if not present:
            found[0].deny("a tag that says who pays")
        elif not present[0].text():
            present[0].require(bool, "a tag that is not empty")
        else:
            _check_value(case, name, present[0])


def _check_value(case: Case, name: str, tag: Property) -> None:
    """Check a tag against its allowed values; `environment` must be that of the stack."""
    listed = case.parameters["allowed"].get(name)
    allowed = [case.facts.setting.environment] if name == "environment" else listed
    if allowed is not None:
        tag.require(one_of(*allowed), f"one of {allowed}")


RULES: Final[tuple[Rule, ...]] = (cost_tags_required,)
