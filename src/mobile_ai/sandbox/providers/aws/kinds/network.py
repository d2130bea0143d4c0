"""VPCs, subnets, routes, gateways, endpoints and flow logs."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, ListCall, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

EC2_TAGS: Final = Tags(of="{id}", add="create_tags", remove="delete_tags")


def ec2_kind(word: str, many: str, id_member: str, *, listed: str = "", **more: Any) -> Kind:
    """Return a kind by EC2's naming: ``create_x``, ``describe_xs`` with ``XIds``, ``delete_x``.

    Args:
        word: The type in operation names and tag specifications, such as ``route_table``.
        many: Path of objects in the response of ``describe``, such as ``RouteTables``.
        id_member: Member of an object that holds its ID.
        listed: The argument of ``describe`` for IDs, if it is not the plural of the ID.
        more: Further fields of the kind.
    """
    ids = listed or f"{id_member}s"
    describe = more.pop("describe", f"describe_{word}s")
    made = more.pop("made", "".join(part.capitalize() for part in word.split("_")))
    fields: dict[str, Any] = {
        "service": "ec2",
        "create": Call(operation=f"create_{word}"),
        "read": Call(operation=describe, give={ids: ["{id}"]}, fill=False),
        "at": f"{many}[0]",
        "delete": Call(operation=f"delete_{word}", give={id_member: "{id}"}, fill=False),
        "id": f"<{made}.{id_member}>",
        "tags": EC2_TAGS,
        "tag_type": word.replace("_", "-"),
        "roster": ListCall(call=Call(operation=describe, fill=False), at=many, id=f"<{id_member}>"),
    }
    return Kind(**{**fields, **more})


def _flag(operation: str, name: str, member: str, argument: str = "") -> Call:
    return Call(
        operation=operation,
        give={member: "{id}", argument: {"Value": f"{{{name}}}"}},
        only=(name,),
        fill=False,
    )


@action("ec2:describe_vpc_attribute", "ec2:describe_vpcs")
def _read_vpc(api: Api, subject: ApiSubject) -> Any:
    found = api.call(subject, "describe_vpcs", VpcIds=[subject.id])["Vpcs"][0]
    for member in ("enableDnsSupport", "enableDnsHostnames"):
        answer = api.call(subject, "describe_vpc_attribute", VpcId=subject.id, Attribute=member)
        found[member] = answer[member[0].upper() + member[1:]]["Value"]
    return found


@action("ec2:describe_security_groups", "ec2:create_tags")
def _take_default_group(api: Api, subject: ApiSubject) -> Any:
    """Return the VPC's default security group, which the program adopts to empty it."""
    filters = [
        {"Name": "vpc-id", "Values": [subject.value("vpcId")]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    return api.call(subject, "describe_security_groups", Filters=filters)["SecurityGroups"][0]


def _revoke(operation: str, member: str) -> Any:
    @action("ec2:describe_security_groups", f"ec2:{operation}")
    def revoke(api: Api, subject: ApiSubject) -> None:
        groups = api.call(subject, "describe_security_groups", GroupIds=[subject.id])
        rules = groups["SecurityGroups"][0][member]
        if rules:
            api.call(subject, operation, GroupId=subject.id, IpPermissions=rules)

    return revoke


@action("ec2:attach_internet_gateway", only=("vpcId",))
def _attach(api: Api, subject: ApiSubject) -> None:
    if subject.value("vpcId"):
        api.call(
            subject,
            "attach_internet_gateway",
            InternetGatewayId=subject.id,
            VpcId=subject.value("vpcId"),
        )


@action("ec2:detach_internet_gateway")
def _detach(api: Api, subject: ApiSubject) -> None:
    if subject.value("vpcId"):
        api.call(
            subject,
            "detach_internet_gateway",
            InternetGatewayId=subject.id,
            VpcId=subject.value("vpcId"),
        )


_SUBNET_FLAGS: Final = {
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
}
_ROUTE_AT: Final = "RouteTables[0]"

KINDS: Final = {
    "aws:ec2/vpc:Vpc": ec2_kind(
        "vpc",
        "Vpcs",
        "VpcId",
        read=_read_vpc,
        at="@",
        then=(
            _flag("modify_vpc_attribute", "enableDnsSupport", "VpcId", "EnableDnsSupport"),
            _flag("modify_vpc_attribute", "enableDnsHostnames", "VpcId", "EnableDnsHostnames"),
        ),
        names={"mainRouteTableId": "MainRouteTableId"},
    ),
    "aws:ec2/subnet:Subnet": ec2_kind(
        "subnet",
        "Subnets",
        "SubnetId",
        then=tuple(
            _flag("modify_subnet_attribute", name, "SubnetId", member)
            for name, member in _SUBNET_FLAGS.items()
        ),
        wait={"State": ("pending",)},
        unkept=(
            "enableDns64",
            "enableResourceNameDnsARecordOnLaunch",
            "enableResourceNameDnsAaaaRecordOnLaunch",
        ),
    ),
    "aws:ec2/routeTable:RouteTable": ec2_kind(
        "route_table", "RouteTables", "RouteTableId", unkept=("routes",)
    ),
    "aws:ec2/route:Route": Kind(
        service="ec2",
        create=Call(operation="create_route"),
        update=Call(operation="replace_route"),
        read=Call(
            operation="describe_route_tables",
            give={"RouteTableIds": ["{routeTableId}"]},
            fill=False,
        ),
        at="RouteTables[0].Routes[?DestinationCidrBlock=='{destinationCidrBlock}'] | [0]",
        delete=Call(
            operation="delete_route",
            give={
                "RouteTableId": "{routeTableId}",
                "DestinationCidrBlock": "{destinationCidrBlock}",
            },
            fill=False,
        ),
        id="{routeTableId}_{destinationCidrBlock}",
        unkept=("routeTableId",),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Kind(
        service="ec2",
        create=Call(operation="associate_route_table"),
        read=Call(
            operation="describe_route_tables",
            give={
                "Filters": [{"Name": "association.route-table-association-id", "Values": ["{id}"]}]
            },
            fill=False,
        ),
        at="RouteTables[].Associations[] | [?RouteTableAssociationId=='{id}'] | [0]",
        delete=Call(
            operation="disassociate_route_table", give={"AssociationId": "{id}"}, fill=False
        ),
        id="<AssociationId>",
        roster=ListCall(
            call=Call(operation="describe_route_tables", fill=False),
            at="RouteTables[].Associations[]",
            id="<RouteTableAssociationId>",
            mark="alike",
        ),
    ),
    "aws:ec2/internetGateway:InternetGateway": ec2_kind(
        "internet_gateway",
        "InternetGateways",
        "InternetGatewayId",
        then=(_attach,),
        before_delete=(_detach,),
        names={"vpcId": "Attachments[0].VpcId"},
    ),
    "aws:ec2/eip:Eip": ec2_kind(
        "elastic_ip",
        "Addresses",
        "AllocationId",
        describe="describe_addresses",
        create=Call(operation="allocate_address"),
        delete=Call(operation="release_address", give={"AllocationId": "{id}"}, fill=False),
        id="<AllocationId>",
        names={"allocationId": "AllocationId", "publicIp": "PublicIp"},
        tag_type="elastic-ip",
    ),
    "aws:ec2/natGateway:NatGateway": ec2_kind(
        "nat_gateway",
        "NatGateways",
        "NatGatewayId",
        names={
            "allocationId": "NatGatewayAddresses[0].AllocationId",
            "publicIp": "NatGatewayAddresses[0].PublicIp",
            "privateIp": "NatGatewayAddresses[0].PrivateIp",
        },
        wait={"State": ("pending",)},
        at="NatGateways[?State!='deleted'] | [0]",
        tag_type="natgateway",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ec2_kind(
        "vpc_endpoint",
        "VpcEndpoints",
        "VpcEndpointId",
        update=Call(operation="modify_vpc_endpoint", give={"VpcEndpointId": "{id}"}, fill=False),
        delete=Call(
            operation="delete_vpc_endpoints", give={"VpcEndpointIds": ["{id}"]}, fill=False
        ),
        at="VpcEndpoints[?State!='deleted'] | [0]",
        names={"policy": "PolicyDocument", "securityGroupIds": "Groups[].GroupId"},
        create=Call(operation="create_vpc_endpoint", give={"PolicyDocument": "{policy}"}),
    ),
    "aws:ec2/flowLog:FlowLog": ec2_kind(
        "flow_log",
        "FlowLogs",
        "FlowLogId",
        create=Call(
            operation="create_flow_logs",
            give={"ResourceIds": ["{vpcId}"], "ResourceType": "VPC"},
        ),
        delete=Call(operation="delete_flow_logs", give={"FlowLogIds": ["{id}"]}, fill=False),
        id="<FlowLogIds[0]>",
        tag_type="vpc-flow-log",
        names={"vpcId": "ResourceId"},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Kind(
        service="ec2",
        create=_take_default_group,
        then=(
            _revoke("revoke_security_group_ingress", "IpPermissions"),
            _revoke("revoke_security_group_egress", "IpPermissionsEgress"),
        ),
        read=Call(operation="describe_security_groups", give={"GroupIds": ["{id}"]}, fill=False),
        at="SecurityGroups[0]",
        id="<GroupId>",
        names={
            "name": "GroupName",
            "ingress": "IpPermissions",
            "egress": "IpPermissionsEgress",
        },
        tags=Tags(of="{id}", add="create_tags", remove="delete_tags", at_create=False),
    ),
}
