"""Network outputs consumed by other components."""

from typing import TypedDict

import pulumi


class NetworkParts(TypedDict):
    """VPC and subnet IDs that the network exposes to other components."""

    vpc_id: pulumi.Input[str]
    app_subnet_ids: list[pulumi.Input[str]]
    """Subnets of tasks and load balancers."""
    data_subnet_ids: list[pulumi.Input[str]]
    """Subnets of databases."""
    assign_public_ip: bool
    """Tasks need a public address to reach AWS; it admits no inbound traffic."""
