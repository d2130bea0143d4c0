"""Lambda inference endpoint for low-traffic models, with capped spend."""

import json
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.log_group import log_group
from mobile_ai.components.aws.names import (
    AwsScope,
    LogKind,
    log_group_arn,
    log_group_name,
    physical_name,
    to_wire,
)
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.role import service_role
from mobile_ai.components.aws.service_source import invoker_source
from mobile_ai.components.aws.tags import app_tags
from mobile_ai.components.endpoints import cloud_api

_TIMEOUT_SECONDS = 15
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


class TokenIssuer(TypedDict):
    """OpenID issuer and audiences of the tokens that the API accepts."""

    issuer: str
    """OpenID issuer."""
    audiences: list[str]
    """Audiences that are accepted."""


class CloudInferenceEndpointArgs(TypedDict):
    """Arguments of :class:`CloudInferenceEndpoint`."""

    scope: AwsScope
    """Account, region and deletion protection."""
    platform: PlatformParts
    """Key of the log groups and topic of the alarms."""
    app: str
    """The application."""
    model: str
    """The model; its version comes with the signed releases."""
    manifest_sha256: str
    """The manifest that governs what is served."""
    variant: str
    """Artifact of the manifest."""
    image: str
    """Single-platform image of the inference server, by digest: Lambda accepts no image index."""
    architecture: str
    """``amd64`` or ``arm64``."""
    release_url: pulumi.Input[str]
    """Base URL of the signed releases."""
    ring: str
    """Ring that the function subscribes to."""
    memory_mb: int
    """Memory of an execution environment, MiB."""
    reserved_concurrency: int
    """Concurrent executions: the cap on request rate, and so on spend."""
    rate_per_second: int
    """Request rate limit of the API."""
    tokens: NotRequired[TokenIssuer]
    """Tokens that authenticate callers; if absent, callers use AWS credentials (SigV4)."""


class CloudInferenceEndpoint(pulumi.ComponentResource):
    """Lambda function, role, logs, throttled HTTP API with authorizer, and alarms."""

    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: CloudInferenceEndpointArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the resources."""
        plain = {key: value for key, value in args.items() if key not in {"platform", "scope"}}
        super().__init__("mobileai:index:CloudInferenceEndpoint", name, to_wire(plain), opts)
        self._prefix, self._args = name, args
        self._tags = app_tags(args["app"])
        self._physical = physical_name(args["scope"], args["app"], args["model"])
        function = self._function()
        api = self._api(function)
        self._alarms()
        self.url = api.api_endpoint
        self.register_outputs({"url": self.url, "manifestSha256": args["manifest_sha256"]})

    def _log_group(self, suffix: str, kind: LogKind) -> aws.cloudwatch.LogGroup:
        return log_group(
            f"{self._prefix}-{suffix}",
            kind,
            self._args["app"],
            self._args["model"],
            scope=self._args["scope"],
            platform=self._args["platform"],
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _function(self) -> aws.lambda_.Function:
        args, scope = self._args, self._args["scope"]
        logs = self._log_group("logs", "function")
        written = log_group_name(scope, "function", args["app"], args["model"])
        role = service_role(
            self._prefix,
            scope=scope,
            service="lambda.amazonaws.com",
            purpose=f"{args['app']}-{args['model']}",
            statements=[iam.log_writer(log_group_arn(scope, written))],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return aws.lambda_.Function(
            f"{self._prefix}-function",
            name=self._physical,
            package_type="Image",
            image_uri=args["image"],
            image_config={"commands": list(cloud_api.COMMAND)},
            architectures=[_ARCHITECTURES[args["architecture"]]],
            role=role.arn,
            memory_size=args["memory_mb"],
            timeout=_TIMEOUT_SECONDS,
            reserved_concurrent_executions=args["reserved_concurrency"],
            environment={"variables": self._environment()},
            kms_key_arn=args["platform"]["key_arn"],
            logging_config={"log_format": "JSON", "log_group": written},
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )

    def _environment(self) -> dict[str, pulumi.Input[str]]:
        args = self._args
        return {
            "MOBILE_AI_APP": args["app"],
            "MOBILE_AI_MODEL": args["model"],
            "MOBILE_AI_VARIANT": args["variant"],
            "MOBILE_AI_RING": args["ring"],
            "MOBILE_AI_SITE": f"cloud-{args['scope']['region']}",
            "MOBILE_AI_MANIFEST_SHA256": args["manifest_sha256"],
            "MOBILE_AI_RELEASE_URL": args["release_url"],
        }

    def _api(self, function: aws.lambda_.Function) -> aws.apigatewayv2.Api:
        child = pulumi.ResourceOptions(parent=self)
        api = aws.apigatewayv2.Api(
            f"{self._prefix}-api",
            name=self._physical,
            protocol_type="HTTP",
            tags=self._tags,
            opts=child,
        )
        integration = aws.apigatewayv2.Integration(
            f"{self._prefix}-integration",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=_TIMEOUT_SECONDS * 1_000,
            opts=child,
        )
        self._routes(api, pulumi.Output.concat("integrations/", integration.id))
        self._stage(api)
        aws.lambda_.Permission(
            f"{self._prefix}-permission",
            action="lambda:InvokeFunction",
            function=function.name,
            **invoker_source(
                "apigateway.amazonaws.com",
                self._args["scope"],
                pulumi.Output.concat(api.execution_arn, "/*/*"),
            ),
            opts=child,
        )
        return api

    def _routes(self, api: aws.apigatewayv2.Api, target: pulumi.Output[str]) -> None:
        """Create the routes, all of which require authorization."""
        authorizer = self._authorizer(api)
        for index, route in enumerate(cloud_api.routes(self._args["model"])):
            aws.apigatewayv2.Route(
                f"{self._prefix}-route-{index}",
                api_id=api.id,
                route_key=route,
                target=target,
                authorization_type="AWS_IAM" if authorizer is None else "JWT",
                authorizer_id=None if authorizer is None else authorizer.id,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _authorizer(self, api: aws.apigatewayv2.Api) -> aws.apigatewayv2.Authorizer | None:
        tokens = self._args.get("tokens")
        if tokens is None:
            return None
        return aws.apigatewayv2.Authorizer(
            f"{self._prefix}-authorizer",
            name="devices",
            api_id=api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": tokens["issuer"], "audiences": tokens["audiences"]},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _stage(self, api: aws.apigatewayv2.Api) -> None:
        rate = self._args["rate_per_second"]
        logs = self._log_group("access", "access")
        aws.apigatewayv2.Stage(
            f"{self._prefix}-stage",
            name="$default",
            api_id=api.id,
            auto_deploy=True,
            access_log_settings={
                "destination_arn": logs.arn,
                "format": json.dumps(cloud_api.log_format()),
            },
            default_route_settings={
                "throttling_rate_limit": rate,
                "throttling_burst_limit": 2 * rate,
                "detailed_metrics_enabled": True,
            },
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _alarms(self) -> None:
        for alarm in cloud_api.ALARMS:
            arguments = cloud_api.alarm_arguments(alarm, function=self._physical)
            aws.cloudwatch.MetricAlarm(
                f"{self._prefix}-{alarm.name}",
                aws.cloudwatch.MetricAlarmArgs(
                    **arguments,
                    name=f"{self._physical}-{alarm.name}",
                    alarm_actions=[self._args["platform"]["alarm_topic_arn"]],
                    tags=self._tags,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
