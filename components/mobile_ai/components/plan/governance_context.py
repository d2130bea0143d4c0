"""Governance context: the stack's facts for the rules, as its first resource."""

from typing import Any, TypedDict

import pulumi


class GovernanceContextArgs(TypedDict):
    """Facts of a stack as plain values, all known at preview."""

    stack: str
    """Name of the stack."""
    environment: str
    """Environment, which selects the trust policy and the rules."""
    owner: dict[str, str]
    """Project, team and cost centre."""
    regions: list[str]
    """Regions where data may be held or processed."""
    sites: list[dict[str, Any]]
    """Name, kind, region, mode and prices of every site."""
    budgets: list[dict[str, Any]]
    """Every monthly limit."""
    images: dict[str, str]
    """Container images by purpose, each pinned by digest."""
    records: list[dict[str, str]]
    """Name and text of signed records: waivers, exceptions, freezes, measured usage."""
    releasedDigests: list[str]
    """SHA-256 of manifests released before."""
    release: list[dict[str, str]]
    """Name and text of the newest signed release metadata."""


class GovernanceContext(pulumi.ComponentResource):
    """Carries the stack's facts in the plan and in the state; creates no cloud resource."""

    def __init__(
        self, name: str, args: GovernanceContextArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the facts as inputs, for resource rules, and as outputs, for stack rules."""
        facts = dict(args)
        super().__init__("mobileai:index:GovernanceContext", name, facts, opts)
        self.register_outputs(facts)
