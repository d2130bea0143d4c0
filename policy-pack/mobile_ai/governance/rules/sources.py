"""Rules on resource types and their properties, accounts and image repositories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mobile_ai.contracts.reading import Property, one_of
from mobile_ai.contracts.tokens import CONTEXT
from mobile_ai.governance.resource_list import ListedType, listed_types
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_AWS_PROVIDER: Final = "pulumi:providers:aws"


@resource_rule(
    id="resource-types-expected",
    title="Every resource has a type of the closed list, and sets listed properties only.",
    group="security",
    severity="critical",
    frameworks=("CIS Controls 2.5", "SLSA 1.2 Build L2"),
    remediation="use a component; docs/policies.md lists the types, properties and values",
    applies_to=("*",),
    parameters={
        "also": Parameter(
            default=[],
            doc="Further allowed types, as exact tokens, with any property; custom rules evaluate "
            "them.",
            weaker="more",
        )
    },
)
def resource_types_expected(case: Case) -> None:
    """Deny unlisted types, properties and values: commands, other clouds, homoglyphs, documents.

    No rule would evaluate a type whose name only resembles a listed one, or a property that brings
    a policy, a template or another resource along.
    """
    kind = case.resource.type
    listed = listed_types().get(kind)
    if kind in case.parameters["also"]:
        return
    if listed is None:
        case.deny("type", got=ascii(kind), expected="a type of the closed list in docs/policies.md")
    else:
        _judge_properties(case, listed)


def _judge_properties(case: Case, listed: ListedType) -> None:
    for path in listed.unlisted(case.resource.props):
        # The value may be a credential.
        case.deny(path, got="a value", expected="no such property: no rule evaluates it")
    for keys, allowed in listed.values.items():
        for node in _nodes(case.at(), keys):
            node.require(one_of(*allowed), f"one of {list(allowed)}")


def _nodes(node: Property, keys: tuple[str, ...]) -> Iterator[Property]:
    """Yield the values at a path; `[]` stands for every item of a list."""
    if not keys:
        yield node
    elif keys[0].endswith("[]"):
        for item in node.at(keys[0].removesuffix("[]")).items():
            yield from _nodes(item, keys[1:])
    else:
        yield from _nodes(node.at(keys[0]), keys[1:])


@resource_rule(
    id="provider-accounts-bound",
    title="The AWS provider accepts the stack's account and its roles only.",
    group="security",
    severity="critical",
    frameworks=("AWS Well-Architected SEC01",),
    remediation="set allowedAccountIds; let the pipeline's role give credentials",
    applies_to=(_AWS_PROVIDER,),
)
def provider_accounts_bound(case: Case) -> None:
    """Check the accounts that the provider accepts, and the roles that it assumes."""
    accounts = _listed(case.at("allowedAccountIds"))
    bounds = case.facts.setting.bounds
    if accounts != [bounds.account]:
        case.at("allowedAccountIds").require(lambda _: False, f"account {bounds.account} alone")
    if not case.at("assumeRoles").missing:
        for role in _listed(case.at("assumeRoles")) or [{}]:
            arn = role.get("roleArn") if isinstance(role, Mapping) else None
            if arn not in bounds.roles:
                case.at("assumeRoles").deny(f"roles of {bounds.roles}")


def _listed(node: Property) -> list[Any] | None:
    # The engine passes provider inputs that are not strings as JSON text.
    found = node.json() if isinstance(node.plain(), str) else node.plain()
    return found if isinstance(found, list) else None


@resource_rule(
    id="images-from-our-registry",
    title="Images are pinned by digest and come from allowed repositories.",
    group="security",
    severity="high",
    frameworks=("SLSA 1.2 Build L2", "NIST SSDF PS.3"),
    remediation="have `bounds.images` changed in policy-pack/stacks.yaml on the protected branch",
    applies_to=(CONTEXT,),
    waivable_by="security",
)
def images_from_our_registry(case: Case) -> None:
    """Check that every image is in an allowed repository and pinned by digest."""
    allowed = sorted(case.facts.setting.bounds.images)
    for _, image in case.at("images").entries():
        image.require(
            lambda value: str(value).partition("@sha256:")[0] in allowed and "@sha256:" in value,
            f"an image by digest (@sha256:...) of {allowed}",
        )


RULES: Final[tuple[Rule, ...]] = (
    resource_types_expected,
    provider_accounts_bound,
    images_from_our_registry,
)
