"""Keeps the choices of a stack file within the bounds in ``policy-pack/stacks.yaml``."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from mobile_ai.contracts.bounds import Bounds
from mobile_ai.contracts.reading import MISSING, Property, at_least, at_most, one_of, optional
from mobile_ai.contracts.released import proven_manifests
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYMENT
from mobile_ai.governance.bound_changes import CHANGE, change, key_of
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case

_AUTHORIZER: Final = "aws:apigatewayv2/authorizer:Authorizer"
_BUDGET: Final = "aws:budgets/budget:Budget"
_SUBSCRIPTION: Final = "aws:sns/topicSubscription:TopicSubscription"
_ANOMALIES: Final = "aws:costexplorer/anomalySubscription:AnomalySubscription"
_CERTIFICATE: Final = "aws:acm/certificate:Certificate"
_GATEWAY: Final = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
_ROUTE: Final = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
_RECORD: Final = "aws:route53/record:Record"
_DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
_REGISTRY: Final = "mobileai:index:ModelRegistry"
_API_NAME: Final = "aws:apigatewayv2/domainName:DomainName"
_EVERY_OTHER: Final = "*"
_FINOPS: Final = "FinOps"
# As EC2's x2iedn: a higher figure would lower the share, and the cost, of each pod.
_GB_PER_CPU: Final = 32
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


def _bounds(case: Case) -> Bounds:
    return case.facts.setting.bounds


@resource_rule(
    id="identity-bounded",
    title="Public APIs accept tokens of allowed issuers and audiences only.",
    group="security",
    severity="critical",
    frameworks=("OWASP API2:2023", "NIST SP 800-207"),
    remediation=CHANGE.format("issuers[ISSUER][+]", "security"),
    applies_to=(_AUTHORIZER,),
)
def identity_bounded(case: Case) -> None:
    """Check the issuer of a JWT authorizer and every audience."""
    issuers = _bounds(case).issuers
    tokens = case.at("jwtConfiguration")
    issuer = tokens.at("issuer")
    field = "issuers[ISSUER][+]" if issuer.pending else f"issuers{key_of(issuer.text())}[+]"
    step = change(case, field, next(iter(tokens.at("audiences").texts()), None))
    if issuer.require(one_of(*issuers), f"one of {sorted(issuers)}", next_step=step):
        tokens.at("audiences").require(bool, "at least one audience")
        for audience in tokens.at("audiences").items():
            allowed = issuers.get(issuer.text(), [])
            step = change(case, field, audience)
            audience.require(one_of(*allowed), f"one of {allowed}", next_step=step)


@resource_rule(
    id="names-bounded",
    title="Public names are within allowed domains.",
    group="security",
    severity="high",
    frameworks=("NIST SP 800-53 SC-20", "CIS Controls 4.9"),
    remediation=CHANGE.format("domains[+]", "security"),
    applies_to=(_API_NAME, _CERTIFICATE, _DISTRIBUTION, _GATEWAY, _RECORD, _REGISTRY, _ROUTE),
)
def names_bounded(case: Case) -> None:
    """Check the names of a distribution, an API, a certificate or a model registry."""
    domains = _bounds(case).domains
    if case.resource.type == _REGISTRY:
        address = case.at("trackingUri")
        address.require(
            optional(lambda value: any(_is_below(_host(value), domain) for domain in domains)),
            f"an address at {domains}",
            next_step=change(case, "domains[+]", _host(address.text()) or None),
        )
        return
    names = _names(case)
    for name in names:
        name.require(
            lambda value: any(_is_below(str(value), domain) for domain in domains),
            f"a name of {domains}",
            next_step=change(case, "domains[+]", name),
        )


def _names(case: Case) -> list[Property]:
    kind = case.resource.type
    if kind == _GATEWAY:
        return [item.at("hostname") for item in case.at("spec", "listeners").items()]
    if kind == _ROUTE:
        return case.at("spec", "hostnames").items()
    if kind == _RECORD:
        # ACM generates the names of DNS validation records, so that they are unknown at preview.
        return [] if case.at("name").pending else [case.at("name")]
    single = [] if kind == _DISTRIBUTION else [case.at("domainName")]
    several = {_CERTIFICATE: "subjectAlternativeNames", _DISTRIBUTION: "aliases"}.get(kind)
    return [*single, *(case.at(several).items() if several else [])]


def _host(address: object) -> str:
    """Return the host of a plain HTTPS address; none of any other."""
    parts = urlsplit(str(address))
    plain = parts.scheme == "https" and parts.username is None and parts.password is None
    return (parts.hostname or "") if plain else ""


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


@resource_rule(
    id="notifications-bounded",
    title="Alarms and budgets notify allowed addresses only.",
    group="security",
    severity="medium",
    frameworks=("CIS Controls 17.5", "NIST AI RMF MANAGE 4.3"),
    remediation=CHANGE.format("notify[+]", "security"),
    applies_to=(_ANOMALIES, _BUDGET, _SUBSCRIPTION, DEPLOYMENT),
)
def notifications_bounded(case: Case) -> None:
    """Check every mail address, and that other subscriptions deliver within the account."""
    if case.resource.type == DEPLOYMENT:
        overseer = case.at("spec", "humanOversight")
        if "@" in overseer.text():  # other values are denied by `human-oversight-named`
            _require_mail(case, overseer)
        return
    if case.resource.type == _SUBSCRIPTION:
        protocol = case.at("protocol")
        protocol.require(
            one_of("email", "firehose", "lambda", "sqs"), "email, or a service of the account"
        )
        if protocol.text() == "email":
            _require_mail(case, case.at("endpoint"))
    for subscriber in case.at("subscribers").items():
        if subscriber.at("type").text() == "EMAIL":
            _require_mail(case, subscriber.at("address"))
    for notification in case.at("notifications").items():
        for address in notification.at("subscriberEmailAddresses").items():
            _require_mail(case, address)


def _require_mail(case: Case, address: Property) -> None:
    allowed = _bounds(case).notify
    address.require(
        lambda value: (
            _ADDRESS.fullmatch(str(value)) is not None
            and (str(value) in allowed or str(value).rpartition("@")[2] in allowed)
        ),
        f"an address of {allowed}",
        next_step=change(case, "notify[+]", address),
    )


@resource_rule(
    id="budgets-bounded",
    title="No budget is raised above its ceiling, made soft or removed by a stack file.",
    group="finops",
    severity="high",
    frameworks=("FinOps Framework: Budgeting", "AWS Well-Architected COST02"),
    remediation=CHANGE.format("budgets[NAME].maximumUsd", _FINOPS),
    applies_to=(CONTEXT,),
)
def budgets_bounded(case: Case) -> None:
    """Compare each budget with the ceiling of its name."""
    bounds = _bounds(case).budgets
    declared = {item.at("name").text(): item for item in case.at("budgets").items()}
    for name, budget in declared.items():
        bound = bounds.get(name, bounds.get(_EVERY_OTHER))
        if bound is None:
            new = {"maximumUsd": budget.at("monthlyUsd").plain(), "kind": budget.at("kind").plain()}
            step = change(case, f"budgets{key_of(name)}", new, _FINOPS)
            budget.at("name").require(one_of(*bounds), f"one of {sorted(bounds)}", next_step=step)
            continue
        place, most = (
            f"budgets{key_of(name if name in bounds else _EVERY_OTHER)}",
            bound.maximum_usd,
        )
        limit, kind, scope = (budget.at(key) for key in ("monthlyUsd", "kind", "scope"))
        step = change(case, f"{place}.maximumUsd", limit, _FINOPS)
        limit.require(at_most(most), f"at most {most:g}", next_step=step)
        if bound.kind == "hard":
            step = change(case, f"{place}.kind", kind, _FINOPS)
            kind.require(one_of("hard"), "'hard'", next_step=step)
        if bound.scope:
            step = change(case, f"{place}.scope", scope, _FINOPS)
            scope.require(one_of(bound.scope), f"{bound.scope!r}", next_step=step)
    for name in sorted(set(bounds) - set(declared) - {_EVERY_OTHER}):
        case.deny(
            "budgets",
            got=f"no budget {name!r}",
            expected="one, as the bounds say",
            next_step="keep the budget in `mobile-ai:budgets` of the stack file",
        )


@resource_rule(
    id="node-prices-bounded",
    title="The price and size of an edge site's node are within bounds.",
    group="finops",
    severity="medium",
    frameworks=("FinOps Framework: Data Ingestion",),
    remediation=CHANGE.format("nodePriceUsdPerHour", _FINOPS),
    applies_to=(CONTEXT,),
)
def node_prices_bounded(case: Case) -> None:
    """Check the node price of every site: a price of 0 would hide edge placements from budgets."""
    bounds = _bounds(case)
    least, cpus = bounds.node_price_usd_per_hour, bounds.node_cpu
    for site in case.at("sites").items():
        price, cpu = site.at("nodePriceUsdPerHour"), site.at("nodeCpu")
        step = change(case, "nodePriceUsdPerHour", price, _FINOPS)
        price.require(at_least(least), f"at least {least:g} USD an hour", next_step=step)
        step = change(case, "nodeCpu", cpu, _FINOPS)
        cpu.require(optional(at_most(cpus)), f"at most {cpus:g}", next_step=step)
        memory = _GB_PER_CPU * (cpu.number() or 1)
        site.at("nodeMemoryGb").require(optional(at_most(memory)), f"at most {memory:g}")


@resource_rule(
    id="existing-bounded",
    title="Buckets that are used and not made here are listed.",
    group="security",
    severity="high",
    frameworks=("NIST SP 800-53 AC-4", "CIS Controls 3.3"),
    remediation=CHANGE.format("buckets[+]", "security"),
    applies_to=(_REGISTRY,),
)
def existing_bounded(case: Case) -> None:
    """Check the registry's bucket: anybody can own one of that name, in any account."""
    allowed = _bounds(case).buckets
    bucket = case.at("artifactBucket")
    step = change(case, "buckets[+]", bucket)
    bucket.require(optional(one_of(*allowed)), f"one of {allowed}", next_step=step)


@resource_rule(
    id="rollout-within-roots",
    title="First ring, growth and soak are within the roots, whatever the pack config says.",
    group="delivery",
    severity="high",
    frameworks=("NIST AI RMF MANAGE 2.3", "EU AI Act Art. 9(6)"),
    remediation=CHANGE.format("rollout.FIELD", "security"),
    applies_to=(DEPLOYMENT,),
)
def rollout_within_roots(case: Case) -> None:
    """Check the rings; how many a step may leave out is `rollout-one-ring-at-a-time`'s."""
    bound = _bounds(case).rollout
    if bound is None:
        return
    rings = case.at("spec", "rollout", "rings").items()
    most, factor, hours = (
        bound.maximum_first_percent,
        bound.maximum_factor,
        bound.minimum_soak_hours,
    )
    for ring in rings[:1]:
        first = ring.at("percent")
        step = change(case, "rollout.maximumFirstPercent", first)
        first.require(at_most(most), f"at most {most:g} percent", next_step=step)
    for before, after in pairwise(rings):
        share, grown = before.at("percent").number() or 0, after.at("percent")
        wanted = (grown.number() or 0) / share if share else None
        step = change(case, "rollout.maximumFactor", wanted)
        grown.require(
            at_most(share * factor), f"at most {factor:g} times {share:g}", next_step=step
        )
        soak = before.at("soakHours")
        step = change(case, "rollout.minimumSoakHours", soak)
        soak.require(at_least(hours), f"at least {hours:g} hours", next_step=step)


@resource_rule(
    id="release-kept",
    title="Signed release metadata stays in Git.",
    group="delivery",
    severity="critical",
    frameworks=("TUF 1.0.34 section 5.4", "SLSA 1.2 Source L2"),
    remediation="restore releases/<stack>/ from the protected branch; releases are only added to",
    applies_to=(CONTEXT,),
)
def release_kept(case: Case) -> None:
    """Require signed release metadata of every stack whose first root the pack pins.

    Without it clients would receive no updates and rules would treat nothing as released.
    """
    root = case.facts.setting.release_root
    context = case.facts.context
    release = context.release if context else {}
    if release and not root:
        case.deny(
            "release",
            got=f"{len(release)} files of a release whose first root the pack does not pin",
            expected="`releaseRoot` in policy-pack/stacks.yaml",
            next_step="have `releaseRoot` set there on the protected branch: the digest of the "
            "first root",
        )
    if root and not proven_manifests(release, root=root):
        found = f"{len(release)} files" if release else MISSING
        case.deny("release", got=f"{found!r}", expected=f"metadata from the first root {root}")


RULES: Final[tuple[Rule, ...]] = (
    identity_bounded,
    names_bounded,
    notifications_bounded,
    budgets_bounded,
    node_prices_bounded,
    existing_bounded,
    rollout_within_roots,
    release_kept,
)
