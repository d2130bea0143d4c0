"""Rules on network exposure: ingress, CDN, load balancers, APIs, public addresses, TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mobile_ai.contracts.reading import (
    MISSING,
    Property,
    is_false,
    is_text,
    is_true,
    one_of,
    optional,
)
from mobile_ai.governance.cidr import are_narrow, is_narrow
from mobile_ai.governance.geography import HOME
from mobile_ai.governance.iam_policy import names_account
from mobile_ai.governance.rule import Parameter, Rule, resource_rule, stack_rule
from mobile_ai.governance.rule_context import Case, StackContext

_API: Final = "aws:apigatewayv2/api:Api"
_DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
_LISTENERS: Final = ("aws:lb/listener:Listener", "aws:alb/listener:Listener")
_BALANCERS: Final = ("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer")
# Predefined policies that negotiate TLS 1.3 and, in some, TLS 1.2:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_TLS_POLICIES: Final = ("ELBSecurityPolicy-TLS13-",)


@resource_rule(
    id="no-public-ingress",
    title="No security group allows ingress from the internet.",
    group="security",
    severity="critical",
    frameworks=("AWS FSBP EC2.2, EC2.13, EC2.18 and EC2.19", "CIS AWS 5.2 to 5.4"),
    remediation="name the security group or the network that may connect",
    applies_to=(
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    ),
    waivable_by="security",
)
def no_public_ingress(case: Case) -> None:
    """Check the source ranges of every ingress rule."""
    kind = case.resource.type
    if kind.endswith("IngressRule"):
        case.at("cidrIpv4").require(optional(is_narrow), "not everybody")
        case.at("cidrIpv6").require(optional(is_narrow), "not everybody")
    elif kind.endswith("SecurityGroupRule"):
        if case.at("type").text() != "egress":
            _ranges([case.at()])
    elif kind.endswith("DefaultSecurityGroup"):
        # What names no group is in this one.
        for key in ("ingress", "egress"):
            case.at(key).require(optional(one_of([])), "none")
    else:
        _ranges(case.at("ingress").items())


def _ranges(rules: list[Property]) -> None:
    blocks = [
        block
        for rule in rules
        for key in ("cidrBlocks", "ipv6CidrBlocks")
        for block in rule.at(key).items()
    ]
    for block in blocks:
        block.require(is_narrow, "not everybody")
    if not are_narrow(block.plain() for block in blocks):
        blocks[0].deny("ranges that are not everybody together")


@resource_rule(
    id="cdn-hardened",
    title="The CDN speaks TLS 1.2 or newer only, and reads a private origin.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP CloudFront.1, .3, .7, .8, .9, .10 and .13",),
    remediation="set a certificate with TLSv1.2_2021, https-only and an origin access control",
    applies_to=(_DISTRIBUTION,),
    waivable_by="security",
    parameters={
        "ownDomain": Parameter(
            default=True,
            doc="Whether a certificate of an own domain is needed; a production stack always "
            "needs one.",
            weaker="other",
        )
    },
)
def cdn_hardened(case: Case) -> None:
    """Check viewer protocol, certificate and origins."""
    case.at("defaultCacheBehavior", "viewerProtocolPolicy").require(*_HTTPS)
    for behaviour in case.at("orderedCacheBehaviors").items():
        behaviour.at("viewerProtocolPolicy").require(*_HTTPS)
    if case.parameters["ownDomain"] or case.facts.setting.stack_class == "production":
        # With the default *.cloudfront.net certificate CloudFront accepts TLSv1:
        # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html
        certificate = case.at("viewerCertificate")
        certificate.at("minimumProtocolVersion").require(
            one_of("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"), "TLSv1.2_2021 or newer"
        )
        certificate.at("cloudfrontDefaultCertificate").require(
            optional(is_false), "a certificate of the own domain"
        )
        certificate.at("sslSupportMethod").require(one_of("sni-only"), "'sni-only'")
    case.at("defaultRootObject").require(is_text, "a default root object")
    for origin in case.at("origins").items():
        access = origin.at("originAccessControlId")
        origin.at("customOriginConfig").require(optional(lambda _: False), "a bucket as origin")
        if not access.pending:
            access.require(is_text, "an origin access control")


@resource_rule(
    id="cdn-geography-allowed",
    title="Models are served from allowed edge locations to allowed countries.",
    group="responsible_ai",
    severity="medium",
    frameworks=("NIST AI RMF GOVERN 1.1", "EU AI Act Art. 2"),
    remediation="set `delivery.priceClass` and `delivery.geoRestriction` in the stack file",
    applies_to=(_DISTRIBUTION,),
    waivable_by="security",
    parameters={
        "priceClasses": Parameter(
            default=[HOME],
            doc="Sets of edge locations that may hold copies of models; `home`: up to the one "
            "that has locations in the home jurisdiction.",
            weaker="price-classes",
        ),
        "countries": Parameter(
            default=[],
            doc="Countries that models may be downloaded in (ISO 3166-1 alpha-2); empty: all.",
            weaker="other",
        ),
    },
)
def cdn_geography_allowed(case: Case) -> None:
    """Check edge locations and viewer countries; inference data never pass through the CDN."""
    classes, countries = case.parameters["priceClasses"], case.parameters["countries"]
    case.at("priceClass").require(one_of(*classes), f"one of {classes}")
    if countries:
        rule = case.at("restrictions", "geoRestriction")
        rule.at("restrictionType").require(one_of("whitelist"), "a list of countries to serve")
        rule.at("locations").require(bool, "at least one country")
        for country in rule.at("locations").items():
            country.require(one_of(*countries), f"one of {countries}")


_HTTPS: Final = (one_of("https-only", "redirect-to-https"), "'https-only'")


@resource_rule(
    id="load-balancer-hardened",
    title="Load balancers are internal, logged, protected, and speak TLS 1.3 policies only.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP ELB.4, ELB.5, ELB.6, ELB.12 and ELB.17",),
    remediation="make it internal, with access logs, dropped invalid headers and HTTPS listeners",
    applies_to=(*_BALANCERS, *_LISTENERS),
    waivable_by="security",
    parameters={
        "deletionProtection": Parameter(default=True, doc="Whether it is needed.", weaker="other"),
    },
)
def load_balancer_hardened(case: Case) -> None:
    """Check a load balancer, or one of its listeners."""
    if case.resource.type in _BALANCERS:
        case.at("internal").require(is_true, "true")
        case.at("dropInvalidHeaderFields").require(is_true, "true")
        case.at("desyncMitigationMode").require(
            optional(one_of("defensive", "strictest")), "'defensive' or 'strictest'"
        )
        if case.parameters["deletionProtection"]:
            case.at("enableDeletionProtection").require(is_true, "true")
        case.at("accessLogs", "enabled").require(is_true, "true")
        return
    case.at("protocol").require(one_of("HTTPS", "TLS"), "'HTTPS'")
    case.at("sslPolicy").require(
        lambda value: isinstance(value, str) and value.startswith(_TLS_POLICIES),
        "a policy of ELBSecurityPolicy-TLS13-*",
    )


@resource_rule(
    id="api-authorized",
    title="Every API route has an authorizer, and every stage is throttled and logged.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP APIGateway.8 and APIGateway.9", "OWASP API2:2023 and API4:2023"),
    remediation="give the route an authorizer, the stage a throttle and access logs",
    applies_to=(_API, "aws:apigatewayv2/route:Route", "aws:apigatewayv2/stage:Stage"),
    waivable_by="security",
)
def api_authorized(case: Case) -> None:
    """Check the authorization of a route, the throttle and logs of a stage, or an API's shape."""
    if case.resource.type == _API:
        # Each of these creates routes that are not resources of the plan.
        for key in ("body", "routeKey", "target"):
            case.at(key).require(lambda value: value is MISSING, "routes as resources of their own")
        return
    if case.resource.type.endswith(":Route"):
        case.at("authorizationType").require(one_of("JWT", "AWS_IAM", "CUSTOM"), "an authorizer")
        return
    settings = case.at("defaultRouteSettings")
    for key in ("throttlingRateLimit", "throttlingBurstLimit"):
        settings.at(key).require(lambda value: isinstance(value, int | float), "a limit")
    if not case.at("accessLogSettings").missing:
        case.at("accessLogSettings", "format").require(is_text, "a log format")
    else:
        case.at("accessLogSettings").require(bool, "access logs")


def _function_url(case: Case) -> None:
    case.at("authorizationType").require(one_of("AWS_IAM"), "'AWS_IAM'")


def _permission(case: Case) -> None:
    principal = case.at("principal")
    principal.require(
        lambda value: isinstance(value, str) and value.endswith(".amazonaws.com"),
        "a service of AWS: callers of other accounts go through the API",
    )
    # A service principal acts for every AWS account: without a source condition any of them could
    # invoke the function (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
    account = case.facts.setting.bounds.account
    own, source = case.at("sourceAccount"), case.at("sourceArn")
    own.require(optional(one_of(account)), f"account {account}")
    if own.missing and not source.pending:
        source.require(lambda arn: names_account(arn, account), f"an ARN of account {account}")


def _instance(case: Case) -> None:
    case.at("associatePublicIpAddress").require(is_false, "false")


def _service(case: Case) -> None:
    case.at("networkConfiguration", "assignPublicIp").require(optional(is_false), "false")


def _subnet(case: Case) -> None:
    case.at("mapPublicIpOnLaunch").require(optional(is_false), "false")


_CLOSED: Final[Mapping[str, Callable[[Case], None]]] = {
    "aws:lambda/functionUrl:FunctionUrl": _function_url,
    "aws:lambda/permission:Permission": _permission,
    "aws:ec2/instance:Instance": _instance,
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ecs/service:Service": _service,
}


@resource_rule(
    id="no-public-compute",
    title="Functions, instances and subnets are not public.",
    group="security",
    severity="high",
    frameworks=("AWS FSBP Lambda.1, EC2.15 and ECS.2",),
    remediation="name who may invoke it; keep public addresses off",
    applies_to=tuple(_CLOSED),
    on_unknown="defer",  # the source ARN of a permission is unknown at preview
    waivable_by="security",
)
def no_public_compute(case: Case) -> None:
    """Run the check of the resource's type."""
    _CLOSED[case.resource.type](case)


@stack_rule(
    id="cdn-has-firewall",
    title="The CDN is protected by a web application firewall.",
    group="security",
    severity="medium",
    frameworks=("AWS FSBP CloudFront.6",),
    remediation="set `delivery.waf` in the stack file",
    waivable_by="security",
    parameters={
        "required": Parameter(
            default=True, doc="Whether distributions need a web ACL.", weaker="other"
        )
    },
)
def cdn_has_firewall(whole: StackContext) -> None:
    """Require a web ACL in a stack with distributions, and each distribution to use one."""
    for case in whole.of(_DISTRIBUTION) if whole.parameters["required"] else []:
        firewalls = whole.of("aws:wafv2/webAcl:WebAcl")
        if not firewalls:
            case.deny("webAclId", got="no web ACL in the stack", expected="one")
        elif not case.at("webAclId").pending:
            case.at("webAclId").require(is_text, "the web ACL of the stack")


RULES: Final[tuple[Rule, ...]] = (
    no_public_ingress,
    cdn_hardened,
    cdn_geography_allowed,
    load_balancer_hardened,
    api_authorized,
    no_public_compute,
    cdn_has_firewall,
)
