"""Telemetry ingestion endpoint: an HTTP API with a JWT authorizer in front of the stream."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.domain import (
    AliasTarget,
    alias_records,
    dns_targets,
    proven_certificate,
)
from mobile_ai.components.aws.log_group import log_group
from mobile_ai.components.aws.names import (
    AwsScope,
    log_group_arn,
    log_group_name,
    physical_name,
    to_wire,
)
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.role import service_role
from mobile_ai.components.telemetry import plan

_ROUTE: Final = "POST /v1/events"


class TelemetryApiArgs(TypedDict):
    """Arguments of :class:`TelemetryApi`."""

    scope: AwsScope
    platform: PlatformParts
    stream_name: pulumi.Input[str]
    key_alias: str
    """Alias of the stream's key."""
    issuer: str
    """OpenID issuer of device tokens."""
    audiences: list[str]
    rate_per_second: int
    burst: int
    domain: str | None
    certificate_arn: str | None
    """Certificate of the domain; else one is created in ``hosted_zone_id``."""
    hosted_zone_id: str | None


class TelemetryApi(pulumi.ComponentResource):
    """API, JWT authorizer, one throttled route, stage with access logs, custom domain."""

    url: pulumi.Output[str]
    dns_targets: Mapping[str, pulumi.Input[str]]
    """CNAME records to create in zones managed outside the stack: host name to target."""

    def __init__(
        self, name: str, args: TelemetryApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the API."""
        super().__init__("mobileai:index:TelemetryApi", name, to_wire(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        api = aws.apigatewayv2.Api(
            name,
            name=physical_name(args["scope"], "telemetry"),
            protocol_type="HTTP",
            # A custom domain replaces the default endpoint, so clients have one address.
            disable_execute_api_endpoint=args["domain"] is not None,
            opts=child,
        )
        route = _route(name, args, api, child)
        stage = _stage(name, args, api, pulumi.ResourceOptions(parent=self, depends_on=[route]))
        self.url, self.dns_targets = api.api_endpoint, {}
        if args["domain"] is not None:
            self.url = pulumi.Output.from_input(f"https://{args['domain']}")
            target = _domain(name, args, args["domain"], (api, stage), child)
            zone = args["hosted_zone_id"]
            self.dns_targets = dns_targets(args["domain"], zone, target["name"])
        self.register_outputs({"url": self.url})


def _route(
    name: str,
    args: TelemetryApiArgs,
    api: aws.apigatewayv2.Api,
    opts: pulumi.ResourceOptions,
) -> aws.apigatewayv2.Route:
    authorizer = aws.apigatewayv2.Authorizer(
        name,
        api_id=api.id,
        name="device-tokens",
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration={"issuer": args["issuer"], "audiences": args["audiences"]},
        opts=opts,
    )
    role = service_role(
        f"{name}-api",
        scope=args["scope"],
        service="apigateway.amazonaws.com",
        purpose="telemetry-api",
        statements=plan.api_rights(args["scope"], key_alias=args["key_alias"]),
        opts=opts,
    )
    integration = aws.apigatewayv2.Integration(
        name,
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_subtype="Kinesis-PutRecord",
        payload_format_version="1.0",
        credentials_arn=role.arn,
        request_parameters={
            "StreamName": args["stream_name"],
            "Data": "$request.body",
            "PartitionKey": "$context.requestId",
        },
        timeout_milliseconds=10_000,
        opts=opts,
    )
    return aws.apigatewayv2.Route(
        name,
        api_id=api.id,
        route_key=_ROUTE,
        authorization_type="JWT",
        authorizer_id=authorizer.id,
        target=integration.id.apply(_integration_target),
        opts=opts,
    )


def _integration_target(integration_id: str) -> str:
    return f"integrations/{integration_id}"


def _stage(
    name: str,
    args: TelemetryApiArgs,
    api: aws.apigatewayv2.Api,
    opts: pulumi.ResourceOptions,
) -> aws.apigatewayv2.Stage:
    scope = args["scope"]
    group = log_group(
        name, "access", "telemetry-api", scope=scope, platform=args["platform"], opts=opts
    )
    limits: dict[str, Any] = {
        "throttling_rate_limit": args["rate_per_second"],
        "throttling_burst_limit": args["burst"],
        "detailed_metrics_enabled": True,
    }
    after_log = pulumi.ResourceOptions(depends_on=[group])
    return aws.apigatewayv2.Stage(
        name,
        api_id=api.id,
        name="$default",
        auto_deploy=True,
        default_route_settings=limits,
        route_settings=[{"route_key": _ROUTE, **limits}],
        access_log_settings={
            "destination_arn": log_group_arn(
                scope, log_group_name(scope, "access", "telemetry-api")
            ),
            "format": plan.ACCESS_LOG_FORMAT,
        },
        opts=pulumi.ResourceOptions.merge(opts, after_log),
    )


def _domain(
    name: str,
    args: TelemetryApiArgs,
    domain: str,
    place: tuple[aws.apigatewayv2.Api, aws.apigatewayv2.Stage],
    opts: pulumi.ResourceOptions,
) -> AliasTarget:
    """Create the custom domain and, with a hosted zone, its certificate and record."""
    (api, stage), zone = place, args["hosted_zone_id"]
    certificate: pulumi.Input[str] | None = args["certificate_arn"]
    if zone is not None:
        region = args["scope"]["region"]
        certificate = proven_certificate(
            name, domain=domain, zone_id=zone, region=region, opts=opts
        )
    front = aws.apigatewayv2.DomainName(
        name,
        domain_name=domain,
        domain_name_configuration={
            "certificate_arn": certificate,
            "endpoint_type": "REGIONAL",
            "security_policy": "TLS_1_2",
        },
        opts=opts,
    )
    aws.apigatewayv2.ApiMapping(
        name, api_id=api.id, domain_name=front.domain_name, stage=stage.id, opts=opts
    )
    made = front.domain_name_configuration
    target: AliasTarget = {"name": made.target_domain_name, "zone_id": made.hosted_zone_id}
    if zone is not None:
        # A regional API supports IPv4 only by default.
        alias_records(name, domain=domain, zone_id=zone, target=target, kinds=("A",), opts=opts)
    return target
