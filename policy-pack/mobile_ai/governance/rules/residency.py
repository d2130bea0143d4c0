"""Restricts the regions in which personal data are processed and stored."""

from __future__ import annotations

from typing import Final

from mobile_ai.contracts.reading import one_of
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.contracts.vocabulary import PRIVACY_TIERS
from mobile_ai.governance.deployment import placements, regions
from mobile_ai.governance.geography import HOME
from mobile_ai.governance.rule import Parameter, Rule, resource_rule
from mobile_ai.governance.rule_context import Case

# Types that CloudFront and billing require in us-east-1; they hold no inference data.
_GLOBAL_FROM_US_EAST_1: Final = (
    "aws:acm/",
    "aws:cloudwatch/logDelivery",
    "aws:cloudwatch/metricAlarm",
    "aws:sns/",
    "aws:wafv2/",
)
_REGION_FREE: Final = (
    "aws:budgets/",
    "aws:cloudfront/",
    "aws:costexplorer/",
    "aws:iam/",
    "aws:route53/",
)


@resource_rule(
    id="data-residency",
    title="Personal data are processed only in allowed regions, at edge sites too.",
    group="responsible_ai",
    severity="critical",
    frameworks=("GDPR Art. 44 and 46", "EU AI Act Art. 10", "NIST AI RMF MAP 4.1"),
    remediation="move the deployment to an allowed `region`, or process less sensitive `dataTypes`",
    applies_to=(DEPLOYMENT, "aws:*", "pulumi:providers:aws"),
    parameters={
        "personalRegions": Parameter(
            default=[HOME],
            doc="Regions or jurisdictions for GDPR_Personal data, and for resources; `home`: the "
            "`jurisdictions` of the pack config.",
            weaker="regions",
        ),
        "sensitiveRegions": Parameter(
            default=[HOME],
            doc="Regions or jurisdictions for GDPR_Sensitive data.",
            weaker="regions",
        ),
    },
)
def data_residency(case: Case) -> None:
    """Check the region of a deployment, an AWS provider or an AWS resource."""
    if case.resource.type == DEPLOYMENT:
        _deployment(case)
    elif case.resource.type == "pulumi:providers:aws":
        case.at("region").require(
            one_of(*case.parameters["personalRegions"], "us-east-1"), "an allowed region"
        )
    elif not case.resource.type.startswith(_REGION_FREE):
        _aws(case)


def _deployment(case: Case) -> None:
    tier = case.at("spec", "dataProcessing", "privacyTier")
    tier.require(one_of(*PRIVACY_TIERS), f"one of {list(PRIVACY_TIERS)}")
    # An unknown tier is treated as the strictest one.
    key = "personalRegions" if tier.text() == "GDPR_Personal" else "sensitiveRegions"
    personal = tier.text() not in {"Public", "Internal"}
    context = case.facts.context
    stack = context.regions if context else frozenset()
    allowed = [item for item in case.parameters[key] if item in stack] if personal else stack
    table, config = case.facts.setting.config.geography.table, case.facts.setting.config
    for node in regions(case):
        node.require(one_of(*allowed), f"one of {sorted(allowed)} for {tier.shown()}")
        name = node.text()
        if name and name not in table.regions:  # nobody said in which country it is
            node.deny("a region of a known country", next_step=config.extending("regions"))
    _sites(case)


def _sites(case: Case) -> None:
    sites = case.facts.context.sites if case.facts.context else {}
    for item in placements(case):
        if item.at("target").text() == "edge":
            name = item.at("site")
            if name.require(lambda value: value in sites, f"a site among {sorted(sites)}"):
                region = sites.get(name.text(), "")
                item.at("region").require(one_of(region), f"{region!r}, where the site is")


def _aws(case: Case) -> None:
    own = case.at("region")
    node = case.provider("region") if own.missing else own
    allowed = list(case.parameters["personalRegions"])
    if case.resource.type.startswith(_GLOBAL_FROM_US_EAST_1):
        allowed.append("us-east-1")
    node.require(one_of(*allowed), f"one of {allowed}")


RULES: Final[tuple[Rule, ...]] = (data_residency,)
