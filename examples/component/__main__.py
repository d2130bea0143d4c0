"""Pulumi program that uses one component: a managed network for its own service."""

import pulumi
import pulumi_aws as aws

from mobile_ai.components.network.network import Network

config = pulumi.Config()
network = Network(
    "network",
    {
        "scope": {
            "stack": pulumi.get_stack(),
            "account_id": config.require("account"),
            "region": config.get("region", "eu-west-1"),
            "protect": False,
        },
        "existing": None,
        "managed": {
            "cidr": "10.40.0.0/16",
            "availability_zones": 2,
            "zone_letters": ["a", "b"],
            "egress": "endpoints",
        },
    },
)
group = aws.ec2.SecurityGroup(
    "service", vpc_id=network.parts["vpc_id"], description="The service of this program"
)
pulumi.export("securityGroup", group.id)
