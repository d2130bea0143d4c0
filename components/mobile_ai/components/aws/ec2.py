"""Thin EC2 and VPC resource classes that avoid importing ``pulumi_aws.ec2`` (see ``aws.thin``)."""

from mobile_ai.components.aws.thin import ThinResource


class Vpc(ThinResource):
    """A virtual private cloud."""

    TYPE = "aws:ec2/vpc:Vpc"


class Subnet(ThinResource):
    """A range of addresses in one availability zone."""

    TYPE = "aws:ec2/subnet:Subnet"


class RouteTable(ThinResource):
    """A route table for the associated subnets."""

    TYPE = "aws:ec2/routeTable:RouteTable"


class Route(ThinResource):
    """One route of a route table."""

    TYPE = "aws:ec2/route:Route"


class RouteTableAssociation(ThinResource):
    """The association of a route table with a subnet."""

    TYPE = "aws:ec2/routeTableAssociation:RouteTableAssociation"


class InternetGateway(ThinResource):
    """An internet gateway of a VPC."""

    TYPE = "aws:ec2/internetGateway:InternetGateway"


class Eip(ThinResource):
    """An Elastic IP address of a NAT gateway."""

    TYPE = "aws:ec2/eip:Eip"


class NatGateway(ThinResource):
    """Outbound internet access for subnets without public addresses."""

    TYPE = "aws:ec2/natGateway:NatGateway"


class VpcEndpoint(ThinResource):
    """Private connectivity to one AWS service."""

    TYPE = "aws:ec2/vpcEndpoint:VpcEndpoint"


class FlowLog(ThinResource):
    """A VPC flow log."""

    TYPE = "aws:ec2/flowLog:FlowLog"


class DefaultSecurityGroup(ThinResource):
    """The default security group of a VPC, closed by removing all its rules."""

    TYPE = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"


class SecurityGroup(ThinResource):
    """A security group; its rules are separate resources."""

    TYPE = "aws:ec2/securityGroup:SecurityGroup"


class IngressRule(ThinResource):
    """One inbound rule of a security group."""

    TYPE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


class EgressRule(ThinResource):
    """One outbound rule of a security group."""

    TYPE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
