"""Network of the home region: an existing VPC or a small managed one."""

from typing import Any, TypedDict

import pulumi

from mobile_ai.components.aws import ec2
from mobile_ai.components.aws.names import AwsScope, bucket_arn, bucket_name, physical_name, to_wire
from mobile_ai.components.network import plan
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.network.plan import SubnetPlan


class ExistingVpc(TypedDict):
    """A VPC that is managed outside the stack."""

    vpc_id: str
    subnet_ids: list[str]
    """Private subnets in at least two zones, with a route to AWS services."""


class ManagedVpc(TypedDict):
    """A small VPC owned by the stack."""

    cidr: str
    availability_zones: int
    """2 or 3."""
    egress: str
    """Egress of tasks to AWS: ``endpoints``, ``nat`` or ``public``."""


class NetworkArgs(TypedDict):
    """Arguments of :class:`Network`: one of ``existing`` and ``managed``."""

    scope: AwsScope
    existing: ExistingVpc | None
    managed: ManagedVpc | None


class Network(pulumi.ComponentResource):
    """VPC, subnets, routes, endpoints and flow logs; creates nothing for an existing VPC.

    ``endpoints`` reaches AWS services only; ``nat`` creates one NAT gateway per zone in protected
    stacks, else one; ``public`` gives tasks public addresses and has the lowest cost. S3 always
    uses a gateway endpoint, which is free. Database subnets never have a route out.
    """

    parts: NetworkParts

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the network, or use the existing one.

        Raises:
            ValueError: If not exactly one network is given.
        """
        super().__init__("mobileai:index:Network", name, to_wire(args), opts)
        existing, managed = args["existing"], args["managed"]
        if managed is not None and existing is None:
            self.parts = self._managed(name, args["scope"], managed)
        elif existing is not None and managed is None:
            self.parts = _given(existing)
        else:
            raise ValueError("network: expected exactly one of 'existing' and 'managed'")
        self.register_outputs(to_wire(self.parts))

    def _managed(self, name: str, scope: AwsScope, managed: ManagedVpc) -> NetworkParts:
        child = pulumi.ResourceOptions(parent=self)
        zones = plan.zone_names(scope["region"], managed["availability_zones"])
        egress = managed["egress"]
        vpc = _vpc(name, scope, managed["cidr"], child)
        subnets = {
            item: _subnet(name, vpc, item, child)
            for item in plan.plan_subnets(managed["cidr"], zones, egress=egress)
        }
        tables = self._routes(name, vpc, subnets)
        _gateway_endpoint(name, scope, vpc, [*tables.values()], child)
        app = [subnet.id for item, subnet in subnets.items() if item.tier == "app"]
        if egress == "endpoints":
            cidr = managed["cidr"]
            _interface_endpoints(name, scope, vpc, subnet_ids=app, cidr=cidr, opts=child)
        else:
            self._internet(name, vpc, (subnets, tables), egress=egress, protect=scope["protect"])
        return {
            "vpc_id": vpc.id,
            "app_subnet_ids": [*app],
            "data_subnet_ids": [s.id for item, s in subnets.items() if item.tier == "data"],
            "assign_public_ip": egress == "public",
        }

    def _routes(
        self, name: str, vpc: ec2.Vpc, subnets: dict[SubnetPlan, ec2.Subnet]
    ) -> dict[str, ec2.RouteTable]:
        """Create one route table per subnet, so that zones keep independent routes."""
        child = pulumi.ResourceOptions(parent=self)
        tables = {}
        for item, subnet in subnets.items():
            logical = f"{name}-{item.name}"
            tables[item.name] = ec2.RouteTable(logical, {"vpcId": vpc.id}, child)
            ec2.RouteTableAssociation(
                logical, {"routeTableId": tables[item.name].id, "subnetId": subnet.id}, child
            )
        return tables

    def _internet(
        self,
        name: str,
        vpc: ec2.Vpc,
        places: tuple[dict[SubnetPlan, ec2.Subnet], dict[str, ec2.RouteTable]],
        *,
        egress: str,
        protect: bool,
    ) -> None:
        subnets, tables = places
        child = pulumi.ResourceOptions(parent=self)
        gateway = ec2.InternetGateway(name, {"vpcId": vpc.id}, child)
        open_tier = "edge" if egress == "nat" else "app"
        for item in subnets:
            if item.tier == open_tier:
                way = {"gatewayId": gateway.id}
                _default_route(f"{name}-{item.name}", tables[item.name], way, child)
        if egress != "nat":
            return
        edges = [(item, subnet) for item, subnet in subnets.items() if item.tier == "edge"]
        wanted = edges if protect else edges[:1]
        nats = [_nat(f"{name}-{item.name}", subnet, gateway, child) for item, subnet in wanted]
        for at, item in enumerate(item for item in subnets if item.tier == "app"):
            way = {"natGatewayId": nats[at % len(nats)].id}
            _default_route(f"{name}-{item.name}", tables[item.name], way, child)


def _given(existing: ExistingVpc) -> NetworkParts:
    subnets: list[pulumi.Input[str]] = [*existing["subnet_ids"]]
    return {
        "vpc_id": existing["vpc_id"],
        "app_subnet_ids": subnets,
        "data_subnet_ids": subnets,
        "assign_public_ip": False,
    }


def _vpc(name: str, scope: AwsScope, cidr: str, opts: pulumi.ResourceOptions) -> ec2.Vpc:
    vpc = ec2.Vpc(
        name,
        {
            "cidrBlock": cidr,
            "enableDnsHostnames": True,
            "enableDnsSupport": True,
            "tags": {"Name": physical_name(scope, name)},
        },
        opts,
    )
    # Without rules, a resource that names no security group has no connectivity (FSBP EC2.2).
    ec2.DefaultSecurityGroup(name, {"vpcId": vpc.id, "ingress": [], "egress": []}, opts)
    ec2.FlowLog(
        name,
        {
            "vpcId": vpc.id,
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": bucket_arn(bucket_name(scope, "logs")),
            "maxAggregationInterval": 600,
        },
        opts,
    )
    return vpc


def _subnet(name: str, vpc: ec2.Vpc, item: SubnetPlan, opts: pulumi.ResourceOptions) -> ec2.Subnet:
    return ec2.Subnet(
        f"{name}-{item.name}",
        {
            "vpcId": vpc.id,
            "availabilityZone": item.zone,
            "cidrBlock": item.cidr,
            "mapPublicIpOnLaunch": False,
            "tags": {"Name": f"{name}-{item.name}"},
        },
        opts,
    )


def _default_route(
    name: str, table: ec2.RouteTable, way: dict[str, Any], opts: pulumi.ResourceOptions
) -> None:
    ec2.Route(name, {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", **way}, opts)


def _nat(
    name: str, subnet: ec2.Subnet, gateway: ec2.InternetGateway, opts: pulumi.ResourceOptions
) -> ec2.NatGateway:
    address = ec2.Eip(name, {"domain": "vpc"}, opts)
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[gateway]))
    return ec2.NatGateway(
        name,
        {"allocationId": address.id, "subnetId": subnet.id, "connectivityType": "public"},
        after,
    )


def _gateway_endpoint(
    name: str,
    scope: AwsScope,
    vpc: ec2.Vpc,
    tables: list[ec2.RouteTable],
    opts: pulumi.ResourceOptions,
) -> None:
    ec2.VpcEndpoint(
        f"{name}-s3",
        {
            "vpcId": vpc.id,
            "vpcEndpointType": "Gateway",
            "serviceName": f"com.amazonaws.{scope['region']}.s3",
            "routeTableIds": [table.id for table in tables],
            "policy": plan.s3_endpoint_policy(scope),
        },
        opts,
    )


def _interface_endpoints(
    name: str,
    scope: AwsScope,
    vpc: ec2.Vpc,
    *,
    subnet_ids: list[Any],
    cidr: str,
    opts: pulumi.ResourceOptions,
) -> None:
    group = ec2.SecurityGroup(
        f"{name}-endpoints",
        {
            "name": physical_name(scope, name, "endpoints"),
            "description": "HTTPS from the network to AWS services",
            "vpcId": vpc.id,
        },
        opts,
    )
    ec2.IngressRule(
        f"{name}-endpoints",
        {
            "securityGroupId": group.id,
            "description": "HTTPS from the network",
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": cidr,
        },
        opts,
    )
    for service in plan.INTERFACE_SERVICES:
        ec2.VpcEndpoint(
            f"{name}-{service}",
            {
                "vpcId": vpc.id,
                "vpcEndpointType": "Interface",
                "serviceName": f"com.amazonaws.{scope['region']}.{service}",
                "subnetIds": subnet_ids,
                "securityGroupIds": [group.id],
                "privateDnsEnabled": True,
                "policy": plan.endpoint_policy(scope, service),
            },
            opts,
        )
