"""Load balancers, target groups and listeners."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

_TAGS: Final = Tags(
    of="{id}",
    add="add_tags",
    remove="remove_tags",
    read="describe_tags",
    at="TagDescriptions[0].Tags",
)
# Property to load balancer attribute (ModifyLoadBalancerAttributes).
_BALANCER: Final = {
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_GROUP: Final = {"deregistrationDelay": "deregistration_delay.timeout_seconds"}


def _setter(operation: str, argument: str, table: dict[str, str]) -> Any:
    @action(f"elbv2:{operation}", only=tuple(table))
    def set_attributes(api: Api, subject: ApiSubject) -> None:
        pairs = [
            {"Key": key, "Value": _text(subject.value(name))}
            for name, key in table.items()
            if subject.value(name) is not None
        ]
        given: dict[str, Any] = {argument: subject.id, "Attributes": pairs}
        api.call(subject, operation, **given)

    return set_attributes


def _reader(word: str, member: str, table: dict[str, str]) -> Any:
    """Return an action that reads an object with its attributes.

    Args:
        word: The type in operation names, such as ``load_balancer``.
        member: The argument for its ARN; without ``Arn`` the type in responses.
        table: Property to attribute.
    """
    describe, attributes = f"describe_{word}s", f"describe_{word}_attributes"

    @action(f"elbv2:{describe}", f"elbv2:{attributes}")
    def read(api: Api, subject: ApiSubject) -> Any:
        many: dict[str, Any] = {f"{member}s": [subject.id]}
        found = api.call(subject, describe, **many)[f"{member.removesuffix('Arn')}s"][0]
        one: dict[str, Any] = {member: subject.id}
        pairs = api.call(subject, attributes, **one)["Attributes"]
        by_key = {pair["Key"]: pair["Value"] for pair in pairs}
        return found | {prop: by_key.get(key) for prop, key in table.items() if key in by_key}

    return read


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) else str(value)


KINDS: Final = {
    "aws:lb/loadBalancer:LoadBalancer": Kind(
        service="elbv2",
        create=Call(
            operation="create_load_balancer",
            give={
                "Scheme": lambda subject: (
                    "internal" if subject.value("internal") else "internet-facing"
                ),
                "Type": "{loadBalancerType}",
            },
        ),
        then=(
            _setter("modify_load_balancer_attributes", "LoadBalancerArn", _BALANCER),
            Call(
                operation="set_security_groups",
                give={"LoadBalancerArn": "{id}", "SecurityGroups": "{securityGroups}"},
                only=("securityGroups",),
                fill=False,
            ),
        ),
        read=_reader("load_balancer", "LoadBalancerArn", _BALANCER),
        delete=Call(operation="delete_load_balancer", give={"LoadBalancerArn": "{id}"}, fill=False),
        id="<LoadBalancers[0].LoadBalancerArn>",
        tags=_TAGS,
        names={
            "arn": "LoadBalancerArn",
            "name": "LoadBalancerName",
            "loadBalancerType": "Type",
            "subnets": "AvailabilityZones[].SubnetId",
            "zoneId": "CanonicalHostedZoneId",
            "dnsName": "DNSName",
        },
        outputs={"arnSuffix": lambda subject: subject.id.partition("loadbalancer/")[2]},
        unkept=(
            "accessLogs",
            "clientKeepAlive",
            "enableTlsVersionAndCipherSuiteHeaders",
            "enableWafFailOpen",
            "internal",
            "subnetMappings",
        ),
        roster=ListCall(
            call=Call(operation="describe_load_balancers", fill=False),
            at="LoadBalancers",
            id="<LoadBalancerArn>",
        ),
    ),
    "aws:lb/targetGroup:TargetGroup": Kind(
        service="elbv2",
        create=Call(
            operation="create_target_group",
            give={
                "HealthCheckPath": "{healthCheck.path}",
                "HealthCheckProtocol": "{healthCheck.protocol}",
                "HealthCheckPort": "{healthCheck.port}",
                "HealthCheckIntervalSeconds": "{healthCheck.interval}",
                "HealthCheckTimeoutSeconds": "{healthCheck.timeout}",
                "HealthyThresholdCount": "{healthCheck.healthyThreshold}",
                "UnhealthyThresholdCount": "{healthCheck.unhealthyThreshold}",
                "Matcher": {"HttpCode": "{healthCheck.matcher}"},
            },
        ),
        then=(_setter("modify_target_group_attributes", "TargetGroupArn", _GROUP),),
        read=_reader("target_group", "TargetGroupArn", _GROUP),
        delete=Call(operation="delete_target_group", give={"TargetGroupArn": "{id}"}, fill=False),
        id="<TargetGroups[0].TargetGroupArn>",
        tags=_TAGS,
        names={"arn": "TargetGroupArn", "name": "TargetGroupName"},
        outputs={"arnSuffix": lambda subject: subject.id.rpartition(":")[2]},
        unkept=("healthCheck", "lambdaMultiValueHeadersEnabled", "proxyProtocolV2", "slowStart"),
        roster=ListCall(
            call=Call(operation="describe_target_groups", fill=False),
            at="TargetGroups",
            id="<TargetGroupArn>",
        ),
    ),
    "aws:lb/listener:Listener": Kind(
        service="elbv2",
        create=Call(
            operation="create_listener",
            give={"Certificates": [{"CertificateArn": "{certificateArn}"}]},
        ),
        update=Call(
            operation="modify_listener",
            give={"ListenerArn": "{id}", "Certificates": [{"CertificateArn": "{certificateArn}"}]},
        ),
        read=Call(operation="describe_listeners", give={"ListenerArns": ["{id}"]}, fill=False),
        at="Listeners[0]",
        delete=Call(operation="delete_listener", give={"ListenerArn": "{id}"}, fill=False),
        id="<Listeners[0].ListenerArn>",
        tags=_TAGS,
        names={
            "arn": "ListenerArn",
            "certificateArn": "Certificates[0].CertificateArn",
        },
        roster=ListCall(
            call=Call(
                operation="describe_listeners",
                give={"LoadBalancerArn": "{loadBalancerArn}"},
                fill=False,
            ),
            at="Listeners",
            id="<ListenerArn>",
            mark="alike",
        ),
    ),
}
