"""Rules on resource types, provider inputs, accounts and image repositories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.contracts.reading import Property
from mobile_ai.contracts.tokens import CONTEXT
from mobile_ai.governance.listed_types import LISTED
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_AWS_PROVIDER: Final = "pulumi:providers:aws"
# Allowed provider inputs. Others (endpoints, profiles, credentials, skipped checks, a kubeconfig)
# could direct the evaluated resources to another account or cluster.
_PROVIDERS: Final = {
    _AWS_PROVIDER: frozenset(
        {
            "allowedAccountIds",
            "assumeRoles",
            "defaultTags",
            "region",
            "skipCredentialsValidation",  # always sent by the SDK
            "skipRegionValidation",  # always sent by the SDK
            "version",
        }
    ),
    "pulumi:providers:kubernetes": frozenset(
        {"context", "enableConfigMapMutable", "renderYamlToDirectory", "version"}
    ),
}


@resource_rule(
    id="resource-types-expected",
    title="Every resource has a type of the closed list.",
    group="security",
    severity="critical",
    frameworks=("CIS Controls 2.5", "SLSA 1.2 Build L2"),
    remediation="use a component, or list the type in the pack's config and add a rule",
    applies_to=("*",),
    parameters={
        "also": Parameter(
            default=[],
            doc="Further allowed types, as exact tokens, which custom rules evaluate.",
            weaker="more",
        )
    },
)
def resource_types_expected(case: Case) -> None:
    """Deny types that are not listed: dynamic resources, commands, other clouds, homoglyphs.

    No rule would evaluate a type whose name only resembles a listed one.
    """
    kind = case.resource.type
    if kind not in LISTED and kind not in case.parameters["also"]:
        case.deny("type", got=ascii(kind), expected="a type of the closed list in docs/policies.md")


@resource_rule(
    id="provider-accounts-bound",
    title="The AWS provider accepts one account only; no provider carries credentials.",
    group="security",
    severity="critical",
    frameworks=("CIS AWS 1.1", "AWS Well-Architected SEC01"),
    remediation="set allowedAccountIds; let the pipeline's role give credentials",
    applies_to=tuple(_PROVIDERS),
)
def provider_accounts_bound(case: Case) -> None:
    """Check the accounts of the AWS provider, and the inputs of every provider."""
    for key, node in case.at().entries():
        # Set by the engine: empty, or the download URL of a plugin, which is denied.
        engines = key == "__internal" and node.plain() == {}
        if key not in _PROVIDERS[case.resource.type] and not engines:
            node.redacted().deny("no such input: it could lead to another account or cluster")
    if case.resource.type != _AWS_PROVIDER:
        return
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
    frameworks=("CIS Kubernetes 5.5.1", "SLSA 1.2 Build L2", "NIST SSDF PS.3"),
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
