"""Security groups and rules of the registry, and its Secrets Manager endpoint."""

from dataclasses import dataclass

import pulumi

from mobile_ai.components.aws import ec2
from mobile_ai.components.aws.names import AwsScope, physical_name
from mobile_ai.components.network.parts import NetworkParts
from mobile_ai.components.network.plan import endpoint_policy
from mobile_ai.components.registry.plan import DATABASE_PORT, SERVER_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryGroups:
    """Security groups; traffic flows from client to balancer to server to database."""

    client: ec2.SecurityGroup
    balancer: ec2.SecurityGroup
    server: ec2.SecurityGroup
    database: ec2.SecurityGroup


def registry_groups(
    name: str, *, scope: AwsScope, vpc_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> RegistryGroups:
    """Create the groups and the rules between them."""

    def group(purpose: str, description: str) -> ec2.SecurityGroup:
        inputs = {
            "name": physical_name(scope, name, purpose),
            "description": description,
            "vpcId": vpc_id,
        }
        return ec2.SecurityGroup(f"{name}-{purpose}", inputs, opts)

    groups = RegistryGroups(
        client=group("client", "Whoever may call the model registry"),
        balancer=group("balancer", "Load balancer of the model registry"),
        server=group("server", "Server of the model registry"),
        database=group("database", "Database of the model registry"),
    )
    _open(f"{name}-client", groups.client, groups.balancer, 443, opts)
    _open(f"{name}-balancer", groups.balancer, groups.server, SERVER_PORT, opts)
    _open(f"{name}-server", groups.server, groups.database, DATABASE_PORT, opts)
    for purpose, outgoing in (("client", groups.client), ("server", groups.server)):
        _open_https(f"{name}-{purpose}-https", outgoing, opts)
    return groups


def secrets_endpoint(
    name: str,
    *,
    scope: AwsScope,
    network: NetworkParts,
    groups: RegistryGroups,
    opts: pulumi.ResourceOptions,
) -> None:
    """Create a Secrets Manager endpoint for a network whose egress is public addresses only.

    A function in a VPC gets no public address, so the rotation function needs the endpoint.
    """
    group = ec2.SecurityGroup(
        f"{name}-secrets",
        {
            "name": physical_name(scope, name, "secrets"),
            "description": "Endpoint of Secrets Manager",
            "vpcId": network["vpc_id"],
        },
        opts,
    )
    for caller, source in (("client", groups.client), ("server", groups.server)):
        _open(f"{name}-{caller}-secrets", source, group, 443, opts)
    ec2.VpcEndpoint(
        f"{name}-secrets",
        {
            "vpcId": network["vpc_id"],
            "vpcEndpointType": "Interface",
            "serviceName": f"com.amazonaws.{scope['region']}.secretsmanager",
            "subnetIds": network["app_subnet_ids"],
            "securityGroupIds": [group.id],
            "privateDnsEnabled": True,
            "policy": endpoint_policy(scope, "secretsmanager"),
        },
        opts,
    )


def _open(
    name: str,
    source: ec2.SecurityGroup,
    target: ec2.SecurityGroup,
    port: int,
    opts: pulumi.ResourceOptions,
) -> None:
    rule = {"description": name, "ipProtocol": "tcp", "fromPort": port, "toPort": port}
    ec2.EgressRule(
        f"{name}-out",
        {**rule, "securityGroupId": source.id, "referencedSecurityGroupId": target.id},
        opts,
    )
    ec2.IngressRule(
        f"{name}-in",
        {**rule, "securityGroupId": target.id, "referencedSecurityGroupId": source.id},
        opts,
    )


def _open_https(name: str, source: ec2.SecurityGroup, opts: pulumi.ResourceOptions) -> None:
    """Allow outbound HTTPS to AWS services; the network's routes restrict what is reachable."""
    ec2.EgressRule(
        name,
        {
            "securityGroupId": source.id,
            "description": "AWS services",
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "0.0.0.0/0",
        },
        opts,
    )
