"""HTTP APIs with routes, integrations, authorizers, stages and domains."""

from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Given, Kind, ListCall, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.api.tagging import tags_of

_ARN: Final = "arn:{partition}:apigateway:{region}::/apis"


def _part(
    word: str, many: str, member: str, *, given: dict[str, str] | None = None, **more: Any
) -> Kind:
    """Return the kind of a part of an API: a route, an integration or an authorizer."""
    one = {"ApiId": "{apiId}", member: "{id}"}
    given = given or {}
    fields: dict[str, Any] = {
        "service": "apigatewayv2",
        "create": Call(operation=f"create_{word}", give=given),
        "update": Call(operation=f"update_{word}", give={**one, **given}),
        "read": Call(operation=f"get_{word}", give=one, fill=False),
        "delete": Call(operation=f"delete_{word}", give=one, fill=False),
        "id": f"<{member}>",
        "roster": ListCall(
            call=Call(operation=many, give={"ApiId": "{apiId}"}, fill=False),
            at="Items",
            id=f"<{member}>",
            mark="alike",
        ),
    }
    return Kind(**{**fields, **more, "unkept": ("apiId", *more.get("unkept", ()))})


def _route_settings(subject: ApiSubject) -> Any:
    """Return route settings by route key: a list in the program, a map in the API."""
    found = {}
    for item in subject.value("routeSettings") or ():
        rest = dict(item)
        found[rest.pop("routeKey")] = rest
    return found or None


@action("apigatewayv2:delete_stage", "apigatewayv2:create_stage")
def _make_stage_again(api: Api, subject: ApiSubject) -> None:
    """Recreate the stage, since the sandbox's API has no UpdateStage."""
    api.call(subject, "delete_stage", ApiId=subject.value("apiId"), StageName=subject.id)
    api.run(
        Call(operation="create_stage", give={**_STAGE, "Tags": tags_of}),
        subject,
    )


_STAGE: Final[Mapping[str, Given]] = {
    "ApiId": "{apiId}",
    "StageName": "{name}",
    "RouteSettings": _route_settings,
}

KINDS: Final = {
    "aws:apigatewayv2/api:Api": Kind(
        service="apigatewayv2",
        create=Call(operation="create_api"),
        update=Call(operation="update_api", give={"ApiId": "{id}"}),
        read=Call(operation="get_api", give={"ApiId": "{id}"}, fill=False),
        delete=Call(operation="delete_api", give={"ApiId": "{id}"}, fill=False),
        id="<ApiId>",
        tags=Tags(of=f"{_ARN}/{{id}}"),
        outputs={
            "arn": f"{_ARN}/{{id}}",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}",
        },
        roster=ListCall(call=Call(operation="get_apis", fill=False), at="Items", id="<ApiId>"),
    ),
    "aws:apigatewayv2/stage:Stage": Kind(
        service="apigatewayv2",
        create=Call(operation="create_stage", give=_STAGE),
        update=_make_stage_again,
        read=Call(
            operation="get_stage", give={"ApiId": "{apiId}", "StageName": "{id}"}, fill=False
        ),
        delete=Call(
            operation="delete_stage", give={"ApiId": "{apiId}", "StageName": "{id}"}, fill=False
        ),
        id="{name}",
        tags=Tags(of=f"{_ARN}/{{apiId}}/stages/{{id}}", add="", remove=""),
        names={
            "name": "StageName",
        },
        outputs={
            "arn": f"{_ARN}/{{apiId}}/stages/{{id}}",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{apiId}/{id}",
            "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/{id}",
        },
        unkept=("apiId", "routeSettings"),
    ),
    "aws:apigatewayv2/route:Route": _part("route", "get_routes", "RouteId"),
    "aws:apigatewayv2/integration:Integration": _part(
        "integration",
        "get_integrations",
        "IntegrationId",
        given={"TimeoutInMillis": "{timeoutMilliseconds}"},
        names={"timeoutMilliseconds": "TimeoutInMillis"},
    ),
    "aws:apigatewayv2/authorizer:Authorizer": _part(
        "authorizer",
        "get_authorizers",
        "AuthorizerId",
        roster=None,  # the sandbox's API lists no authorizers
    ),
    "aws:apigatewayv2/domainName:DomainName": Kind(
        service="apigatewayv2",
        create=Call(
            operation="create_domain_name",
            give={"DomainNameConfigurations": ["{domainNameConfiguration}"]},
        ),
        read=Call(operation="get_domain_name", give={"DomainName": "{id}"}, fill=False),
        delete=Call(operation="delete_domain_name", give={"DomainName": "{id}"}, fill=False),
        id="{domainName}",
        tags=Tags(of="arn:{partition}:apigateway:{region}::/domainnames/{id}", add="", remove=""),
        names={
            "domainNameConfiguration": (
                "DomainNameConfigurations[0].{certificateArn: CertificateArn, "
                "endpointType: EndpointType, hostedZoneId: HostedZoneId, "
                "securityPolicy: SecurityPolicy, targetDomainName: ApiGatewayDomainName}"
            )
        },
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": Kind(
        service="apigatewayv2",
        create=Call(operation="create_api_mapping"),
        read=Call(
            operation="get_api_mapping",
            give={"ApiMappingId": "{id}", "DomainName": "{domainName}"},
            fill=False,
        ),
        delete=Call(
            operation="delete_api_mapping",
            give={"ApiMappingId": "{id}", "DomainName": "{domainName}"},
            fill=False,
        ),
        id="<ApiMappingId>",
        unkept=("domainName",),
        roster=ListCall(
            call=Call(
                operation="get_api_mappings", give={"DomainName": "{domainName}"}, fill=False
            ),
            at="Items",
            id="<ApiMappingId>",
            mark="alike",
        ),
    ),
}
