"""Rules on resource types and their properties, accounts and image repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any, Final

from mobile_ai.contracts.predicates import IMAGE, ImagePredicate
from mobile_ai.contracts.reading import Property, one_of, optional
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYED
from mobile_ai.governance.bound_changes import change, key_of
from mobile_ai.governance.resource_list import ListedType, listed_types
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_BY_DIGEST: Final = "pin the image by digest (`mobile-ai images pin`)"
_AWS_PROVIDER: Final = "pulumi:providers:aws"
_KUBERNETES_PROVIDER: Final = "pulumi:providers:kubernetes"


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
    title="Providers reach the stack's account, its roles and its clusters only.",
    group="security",
    severity="critical",
    frameworks=("AWS Well-Architected SEC01",),
    remediation="set allowedAccountIds; let the pipeline's role give credentials",
    applies_to=(_AWS_PROVIDER, _KUBERNETES_PROVIDER),
)
def provider_accounts_bound(case: Case) -> None:
    """Check the accounts, the roles that it assumes, and the context of a cluster."""
    bounds = case.facts.setting.bounds
    if case.resource.type != _AWS_PROVIDER:
        contexts, context = bounds.contexts, case.at("context")
        step = change(case, "contexts[+]", context)
        context.require(optional(one_of(*contexts)), f"one of {contexts}", next_step=step)
        return
    accounts = _listed(case.at("allowedAccountIds"))
    if accounts != [bounds.account]:
        wanted = accounts[0] if accounts else None
        case.at("allowedAccountIds").require(
            lambda _: False,
            f"account {bounds.account} alone",
            next_step=change(case, "account", wanted),
        )
    if not case.at("assumeRoles").missing:
        for role in _listed(case.at("assumeRoles")) or [{}]:
            arn = role.get("roleArn") if isinstance(role, Mapping) else None
            if arn not in bounds.roles:
                case.at("assumeRoles").deny(
                    f"roles of {bounds.roles}", next_step=change(case, "roles[+]", arn)
                )


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
    remediation="keep to `bounds` of policy-pack/stacks.yaml, or have security change it: "
    "`mobile-ai roots propose STACK 'bounds.images[REPOSITORY]' {}`",
    applies_to=(CONTEXT,),
    waivable_by="security",
)
def images_from_our_registry(case: Case) -> None:
    """Check that every image is in an allowed repository, by digest, and that it may run."""
    bounds, revoked = case.facts.setting.bounds.images, case.facts.trust.revoked

    def is_ours(value: object) -> bool:
        repository, digest = _parts(str(value))
        return repository in bounds and _DIGEST.fullmatch(digest) is not None

    for _, image in case.at("images").entries():
        repository, digest = _parts("" if image.pending else image.text())
        step = change(case, f"images{key_of(repository)}", {}) if digest else _BY_DIGEST
        expected = f"an image by digest (@sha256:...) of {sorted(bounds)}"
        if not image.require(is_ours, expected, next_step=step):
            continue
        only = bounds[repository].digests
        if only and digest not in only:
            image.deny(f"one of {only}, as the roots say")
        if digest in revoked:
            image.deny(
                "an image that is not revoked",
                next_step="pin another digest of it (`mobile-ai images pin`)",
            )


@resource_rule(
    id="images-vouched-for",
    title="Where the roots name a signer, each image has a record that its builder signed.",
    group="security",
    severity="critical",
    frameworks=("SLSA 1.2 Build L2", "NIST SSDF PS.2", "CIS Controls 2.7"),
    remediation="have the image workflow sign a record of it (`mobile-ai record new image`), or "
    "have security change `bounds.images[REPOSITORY].signer` (`mobile-ai roots propose`)",
    # The baseline is known here and the context, which came before, names the images.
    applies_to=(DEPLOYED,),
)
def images_vouched_for(case: Case) -> None:
    """Require a verified record of each new digest; images that ran before stay."""
    context, baseline = case.facts.context, case.facts.baseline
    known = baseline.images if baseline else frozenset()
    bounds = case.facts.setting.bounds.images
    for reference in sorted((context.images if context else frozenset()) - known):
        repository, digest = _parts(reference)
        bound = bounds.get(repository)
        if bound and bound.signer and not _is_recorded(case, bound.signer, repository, digest):
            case.deny(
                f"image {reference}",
                got=f"no record by {bound.signer} that names this digest",
                expected="one in images/<environment>/",
                next_step="have the image workflow sign a record of it "
                f"(`mobile-ai record new image --for {case.facts.setting.environment} "
                f"--set repository={repository} --set index={quote(digest)}`)",
            )


def _is_recorded(case: Case, role: str, repository: str, digest: str) -> bool:
    return any(
        isinstance(record.content, ImagePredicate)
        and record.role == role
        and record.content.repository == repository
        and digest in record.content.named
        and record.content.counts(case.now)
        for record in case.facts.records.by_type.get(IMAGE, ())
    )


def _parts(reference: str) -> tuple[str, str]:
    """Return repository and digest of an image reference, the digest empty where there is none."""
    repository, _, digest = reference.partition("@sha256:")
    return repository, digest


RULES: Final[tuple[Rule, ...]] = (
    resource_types_expected,
    provider_accounts_bound,
    images_from_our_registry,
    images_vouched_for,
)
