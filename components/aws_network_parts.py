"""What components that run in a network take of it."""

from typing import TypedDict

import pulumi

__all__ = ["NetworkParts"]


class NetworkParts(TypedDict):
    """What other components take of the network."""

    vpc_id: pulumi.Input[str]
    app_subnet_ids: list[pulumi.Input[str]]
    """Where tasks and load balancers run."""
    data_subnet_ids: list[pulumi.Input[str]]
    """Where databases run."""
    assign_public_ip: bool
    """Tasks need a public address to reach AWS; nothing is let in by it."""
