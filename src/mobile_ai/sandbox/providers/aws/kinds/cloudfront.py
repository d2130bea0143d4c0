"""CloudFront distributions and functions, and WAF web ACLs."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject


def _behaviour(given: dict[str, Any]) -> dict[str, Any]:
    """Return a cache behaviour in the API's form: cached methods inside allowed methods."""
    found = dict(given)
    cached = found.pop("cachedMethods", [])
    allowed = found.get("allowedMethods", [])
    found["allowedMethods"] = {
        "Items": allowed,
        "CachedMethods": {"Quantity": len(cached), "Items": cached},
        "Quantity": len(allowed),
    }
    functions = found.pop("functionAssociations", [])
    found["functionAssociations"] = {
        "Quantity": len(functions),
        "Items": [
            {"EventType": item["eventType"], "FunctionARN": item["functionArn"]}
            for item in functions
        ],
    }
    return found


def _origin(given: dict[str, Any]) -> dict[str, Any]:
    found = dict(given)
    found["Id"] = found.pop("originId")
    if "customOriginConfig" not in found:
        found["S3OriginConfig"] = {"OriginAccessIdentity": ""}
    return found


def _config(subject: ApiSubject) -> dict[str, Any]:
    props = {
        key: value
        for key, value in subject.props.items()
        if key not in {"tags", "tagsAll", "retainOnDelete", "waitForDeployment"}
    }
    restriction = (props.get("restrictions") or {}).get("geoRestriction", {})
    return {
        **props,
        "callerReference": subject.facts["mark"],
        "comment": props.get("comment") or "",
        "origins": [_origin(item) for item in props.get("origins") or ()],
        "defaultCacheBehavior": _behaviour(props["defaultCacheBehavior"]),
        "cacheBehaviors": [
            _behaviour(item) for item in props.pop("orderedCacheBehaviors", None) or ()
        ],
        "isIPV6Enabled": props.pop("isIpv6Enabled", False),
        "restrictions": {
            "geoRestriction": {
                "RestrictionType": restriction.get("restrictionType", "none"),
                "Quantity": len(restriction.get("locations", ())),
                "Items": restriction.get("locations", []),
            }
        },
    }


@action("cloudfront:get_distribution")
def _read(api: Api, subject: ApiSubject) -> Any:
    answer = api.call(subject, "get_distribution", Id=subject.id)
    found = answer["Distribution"]
    return {**found["DistributionConfig"], **found, "ETag": answer["ETag"]}


@action("cloudfront:get_distribution_config", "cloudfront:update_distribution")
def _switch_off(api: Api, subject: ApiSubject) -> None:
    """Disable the distribution, as CloudFront deletes only disabled ones."""
    answer = api.call(subject, "get_distribution_config", Id=subject.id)
    config = answer["DistributionConfig"]
    if config.get("Enabled"):
        config["Enabled"] = False
        api.call(
            subject,
            "update_distribution",
            Id=subject.id,
            IfMatch=answer["ETag"],
            DistributionConfig=config,
        )


@action("cloudfront:get_distribution_config", "cloudfront:delete_distribution")
def _delete(api: Api, subject: ApiSubject) -> None:
    answer = api.call(subject, "get_distribution_config", Id=subject.id)
    api.call(subject, "delete_distribution", Id=subject.id, IfMatch=answer["ETag"])


@action("cloudfront:get_origin_access_control", "cloudfront:delete_origin_access_control")
def _delete_access(api: Api, subject: ApiSubject) -> None:
    answer = api.call(subject, "get_origin_access_control", Id=subject.id)
    api.call(subject, "delete_origin_access_control", Id=subject.id, IfMatch=answer["ETag"])


@action("wafv2:get_web_acl", "wafv2:delete_web_acl")
def _delete_acl(api: Api, subject: ApiSubject) -> None:
    name, scope = subject.value("name"), subject.value("scope")
    answer = api.call(subject, "get_web_acl", Id=subject.id, Name=name, Scope=scope)
    api.call(
        subject,
        "delete_web_acl",
        Id=subject.id,
        Name=name,
        Scope=scope,
        LockToken=answer["LockToken"],
    )


@action("wafv2:get_web_acl", "wafv2:update_web_acl")
def _update_acl(api: Api, subject: ApiSubject) -> None:
    call = Call(operation="update_web_acl", give={"Id": "{id}", "LockToken": "<LockToken>"})
    api.run(call, subject)


@action("wafv2:get_web_acl")
def _read_acl(api: Api, subject: ApiSubject) -> Any:
    answer = api.call(
        subject,
        "get_web_acl",
        Id=subject.id,
        Name=subject.value("name"),
        Scope=subject.value("scope"),
    )
    return {**answer["WebACL"], "LockToken": answer["LockToken"]}


def _comment(subject: ApiSubject) -> str:
    return str(subject.value("comment") or "")


_CREATE_FUNCTION: Final = Call(
    operation="create_function",
    give={
        "Name": "{name}",
        "FunctionConfig": {"Comment": _comment, "Runtime": "{runtime}"},
        "FunctionCode": "{code}",
    },
    fill=False,
)


@action("cloudfront:get_function", "cloudfront:describe_function")
def _read_function(api: Api, subject: ApiSubject) -> Any:
    answer = api.call(subject, "describe_function", Name=subject.id)
    summary = answer["FunctionSummary"]
    code = api.call(subject, "get_function", Name=subject.id)["FunctionCode"].read()
    config = summary["FunctionConfig"]
    return {
        **config,
        "name": summary["Name"],
        "code": code,
        "arn": summary["FunctionMetadata"]["FunctionARN"],
        "etag": answer["ETag"],
        "liveStageEtag": answer["ETag"],
        "status": summary["Status"],
    }


@action("cloudfront:describe_function", "cloudfront:delete_function")
def _delete_function(api: Api, subject: ApiSubject) -> None:
    answer = api.call(subject, "describe_function", Name=subject.id)
    api.call(subject, "delete_function", Name=subject.id, IfMatch=answer["ETag"])


@action("cloudfront:delete_function", "cloudfront:create_function")
def _make_function_again(api: Api, subject: ApiSubject) -> None:
    """Recreate the function, since the sandbox's API has no UpdateFunction."""
    api.run(_delete_function, subject)
    api.run(_CREATE_FUNCTION, subject)


_ACCESS: Final = {
    "OriginAccessControlConfig": {
        "Name": "{name}",
        "Description": "{description}",
        "SigningProtocol": "{signingProtocol}",
        "SigningBehavior": "{signingBehavior}",
        "OriginAccessControlOriginType": "{originAccessControlOriginType}",
    }
}

KINDS: Final = {
    "aws:cloudfront/distribution:Distribution": Kind(
        service="cloudfront",
        create=Call(
            operation="create_distribution_with_tags",
            give={
                "DistributionConfigWithTags": lambda subject: {
                    "DistributionConfig": _config(subject),
                    "Tags": {"Items": []},
                }
            },
            fill=False,
        ),
        update=Call(
            operation="update_distribution",
            give={"Id": "{id}", "IfMatch": "<ETag>", "DistributionConfig": _config},
            fill=False,
        ),
        read=_read,
        before_delete=(_switch_off,),
        delete=_delete,
        id="<Distribution.Id>",
        tags=Tags(
            of="arn:{partition}:cloudfront::{account}:distribution/{id}",
            read="list_tags_for_resource",
            at="Tags.Items",
            at_create=False,
        ),
        names={
            "arn": "ARN",
            "isIpv6Enabled": "IsIPV6Enabled",
            "orderedCacheBehaviors": "CacheBehaviors",
            "webAclId": "WebACLId",
        },
        outputs={"hostedZoneId": "Z2FDTNDATAQYW2"},
        unkept=("defaultCacheBehavior", "orderedCacheBehaviors", "origins", "viewerCertificate"),
        roster=ListCall(
            call=Call(operation="list_distributions", fill=False),
            at="DistributionList.Items",
            id="<Id>",
        ),
    ),
    # A created function is live immediately: the sandbox's API has no PublishFunction.
    "aws:cloudfront/function:Function": Kind(
        service="cloudfront",
        create=_CREATE_FUNCTION,
        update=_make_function_again,
        read=_read_function,
        delete=_delete_function,
        id="{name}",
        unkept=("keyValueStoreAssociations", "publish", "tags", "tagsAll"),
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Kind(
        service="cloudfront",
        create=Call(operation="create_origin_access_control", give=_ACCESS, fill=False),
        update=Call(
            operation="update_origin_access_control", give={"Id": "{id}", **_ACCESS}, fill=False
        ),
        read=Call(operation="get_origin_access_control", give={"Id": "{id}"}, fill=False),
        at="OriginAccessControl.OriginAccessControlConfig",
        delete=_delete_access,
        id="<OriginAccessControl.Id>",
        outputs={"arn": "arn:{partition}:cloudfront::{account}:origin-access-control/{id}"},
        roster=ListCall(
            call=Call(operation="list_origin_access_controls", fill=False),
            at="OriginAccessControlList.Items",
            id="<Id>",
            mark="alike",
        ),
    ),
    "aws:wafv2/webAcl:WebAcl": Kind(
        service="wafv2",
        create=Call(operation="create_web_acl"),
        update=_update_acl,
        read=_read_acl,
        delete=_delete_acl,
        id="<Summary.Id>",
        tags=Tags(
            of="<ARN>",
            read="list_tags_for_resource",
            at="TagInfoForResource.TagList",
        ),
        names={"applicationIntegrationUrl": "ApplicationIntegrationURL"},
        unkept=("scope",),
        roster=ListCall(
            call=Call(operation="list_web_acls", give={"Scope": "{scope}"}, fill=False),
            at="WebACLs",
            id="<Id>",
        ),
    ),
}
