"""The network resources in use, without importing ``pulumi_aws.ec2``: see ``aws_thin``."""

from components.aws_thin import ThinResource

__all__ = [
    "DefaultSecurityGroup",
    "EgressRule",
    "Eip",
    "FlowLog",
    "IngressRule",
    "InternetGateway",
    "NatGateway",
    "Route",
    "RouteTable",
    "RouteTableAssociation",
    "SecurityGroup",
    "Subnet",
    "Vpc",
    "VpcEndpoint",
]


class Vpc(ThinResource):
    """A virtual private cloud."""

    TYPE = "aws:ec2/vpc:Vpc"


class Subnet(ThinResource):
    """A range of addresses in one availability zone."""

    TYPE = "aws:ec2/subnet:Subnet"


class RouteTable(ThinResource):
    """Where packets of associated subnets go."""

    TYPE = "aws:ec2/routeTable:RouteTable"


class Route(ThinResource):
    """One way out of a route table."""

    TYPE = "aws:ec2/route:Route"


class RouteTableAssociation(ThinResource):
    """Puts a route table on a subnet."""

    TYPE = "aws:ec2/routeTableAssociation:RouteTableAssociation"


class InternetGateway(ThinResource):
    """The way to public addresses."""

    TYPE = "aws:ec2/internetGateway:InternetGateway"


class Eip(ThinResource):
    """A public address of a NAT gateway."""

    TYPE = "aws:ec2/eip:Eip"


class NatGateway(ThinResource):
    """The way out for subnets without public addresses."""

    TYPE = "aws:ec2/natGateway:NatGateway"


class VpcEndpoint(ThinResource):
    """A private way to one AWS service."""

    TYPE = "aws:ec2/vpcEndpoint:VpcEndpoint"


class FlowLog(ThinResource):
    """Who talked to whom."""

    TYPE = "aws:ec2/flowLog:FlowLog"


class DefaultSecurityGroup(ThinResource):
    """The group that a VPC is born with; closed by having no rules."""

    TYPE = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"


class SecurityGroup(ThinResource):
    """A group that rules are attached to."""

    TYPE = "aws:ec2/securityGroup:SecurityGroup"


class IngressRule(ThinResource):
    """One kind of traffic let in."""

    TYPE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


class EgressRule(ThinResource):
    """One kind of traffic let out."""

    TYPE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
