"""Does everything come from where it should: types, providers, accounts, images?"""

from __future__ import annotations

from typing import Final

from governance.case import Case
from governance.reading import MISSING
from governance.rule import Parameter, Rule, resource_rule
from governance.tokens import CONTEXT

__all__ = ["RULES"]

_AWS_PROVIDER: Final = "pulumi:providers:aws"


@resource_rule(
    id="resource-types-expected",
    title="Every resource is of a kind that the rules can judge.",
    group="security",
    severity="critical",
    frameworks=("CIS Controls 2.5", "SLSA 1.2 Build L2"),
    remediation="use a component or a resource of an expected provider",
    applies_to=("*",),
    parameters={
        "prefixes": Parameter(
            default=[
                "aws:",
                "kubernetes:",
                "mobileai:",
                "pulumi:providers:aws",
                "pulumi:providers:kubernetes",
                "pulumi:pulumi:Stack",
            ],
            doc="Type tokens; one that ends in ':' is a prefix.",
            weaker="more",
        ),
        "denied": Parameter(
            default=[
                "aws:cloudformation/",
                "aws:iam/accessKey",
                "aws:iam/user",
                "kubernetes:helm.sh/",
                "kubernetes:kustomize",
                "kubernetes:yaml",
            ],
            doc="Prefixes of type tokens that bring what no rule sees.",
            weaker="fewer",
        ),
    },
)
def resource_types_expected(case: Case) -> None:
    """Refuse dynamic resources, commands, and whatever brings resources unseen.

    A type whose name only looks like one of ours would be judged by no rule.
    """
    kind = case.resource.type
    if not kind.isascii():
        case.deny("type", got=ascii(kind), expected="letters of ASCII only")
    expected, denied = case.parameters["prefixes"], case.parameters["denied"]
    prefixes = tuple(item for item in expected if item.endswith(":"))
    if kind not in expected and not kind.startswith(prefixes):
        case.deny("type", got=kind, expected=f"one of {expected}")
    elif denied and kind.startswith(tuple(denied)):
        case.deny("type", got=kind, expected=f"none that starts with {denied}")


@resource_rule(
    id="provider-accounts-bound",
    title="The AWS provider accepts one account only, and carries no credentials.",
    group="security",
    severity="critical",
    frameworks=("CIS AWS 1.1", "AWS Well-Architected SEC01"),
    remediation="set allowedAccountIds; let the pipeline's role give credentials",
    applies_to=(_AWS_PROVIDER,),
)
def provider_accounts_bound(case: Case) -> None:
    """Check accounts and credentials of the provider."""
    accounts = case.at("allowedAccountIds")
    # Providers take lists as JSON text.
    found = accounts.json() if isinstance(accounts.plain(), str) else accounts.plain()
    if not (isinstance(found, list) and len(found) == 1):
        accounts.require(lambda _: False, "exactly one account")
    for key in ("accessKey", "secretKey", "token"):
        case.at(key).redacted().require(lambda value: value is MISSING, "no credentials")


@resource_rule(
    id="images-from-our-registry",
    title="Pinned images come from registries that the environment allows.",
    group="security",
    severity="high",
    frameworks=("CIS Kubernetes 5.5.1", "SLSA 1.2 Build L2", "NIST SSDF PS.3"),
    remediation="push the image to an allowed registry and pin its digest",
    applies_to=(CONTEXT,),
    waivable_by="security",
    parameters={
        "registries": Parameter(
            default=[],
            doc="Prefixes of image references; an empty list allows every registry.",
            weaker="never",
        )
    },
)
def images_from_our_registry(case: Case) -> None:
    """Check every pinned image: a digest, and a registry of ours."""
    allowed = tuple(case.parameters["registries"])
    for _, image in case.at("images").entries():
        image.require(
            lambda value: isinstance(value, str) and "@sha256:" in value, "an image by digest"
        )
        if allowed and image.text():
            image.require(lambda value: str(value).startswith(allowed), f"one of {allowed}")


RULES: Final[tuple[Rule, ...]] = (
    resource_types_expected,
    provider_accounts_bound,
    images_from_our_registry,
)
