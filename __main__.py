"""Pulumi program: declares the components of a stack from its stack file.

The program decides nothing. ``mobile_ai.stack.settings`` validates the stack file, each component
declares its own resources, and the policy pack evaluates the result.
"""

# ruff: noqa: E402  # the collector is set before the imports, which it would slow down

import gc

# Modules and the SDK's open tasks live until the process ends. At the default threshold the
# collector scans them thousands of times, in half of the program's CPU time
# (benchmarks/program.py).
gc.set_threshold(50_000, 20, 20)

from functools import partial
from pathlib import Path

import pulumi

from mobile_ai.components.aws.cost_tags import CostTags
from mobile_ai.components.aws.platform import Platform
from mobile_ai.components.budget.budget import CostBudget
from mobile_ai.components.delivery.delivery import ModelDelivery
from mobile_ai.components.endpoints.edge_site import EdgeSite, site_provider
from mobile_ai.components.network.network import Network
from mobile_ai.components.plan.arguments import (
    network_arguments,
    platform_arguments,
    site_arguments,
    site_bundle,
    tag_arguments,
)
from mobile_ai.components.plan.configuration import read_stack
from mobile_ai.components.plan.delivery_arguments import delivery_arguments
from mobile_ai.components.plan.dependencies import after
from mobile_ai.components.plan.deployed import (
    OUTPUT,
    DeployedBaseline,
    continued_stack,
    last_deployed,
)
from mobile_ai.components.plan.deployed_output import (
    declared_resources,
    deployed_output,
    proposed_text,
)
from mobile_ai.components.plan.documents import context_document, version_document
from mobile_ai.components.plan.endpoints import Surroundings, deploy
from mobile_ai.components.plan.governance_context import GovernanceContext
from mobile_ai.components.plan.model_version import ModelVersion
from mobile_ai.components.plan.operations_arguments import budget_arguments, telemetry_arguments
from mobile_ai.components.plan.planned import PlannedResource
from mobile_ai.components.plan.registry_arguments import registry_arguments
from mobile_ai.components.plan.sdk_runtime import drop_debug_messages, registered
from mobile_ai.components.registry.registry import ModelRegistry
from mobile_ai.components.telemetry.telemetry import Telemetry

drop_debug_messages()
inputs = read_stack(Path(__file__).parent)
settings = inputs.settings
declared, planned = declared_resources(), PlannedResource()

# First, so that every rule knows the stack, its waivers and its models.
context = GovernanceContext("governance", context_document(inputs))
continues = continued_stack(Path(__file__).parent, inputs.stack)
before = last_deployed(context, continues=continues)
deployed = DeployedBaseline(
    "deployed",
    {**before, "proposed": proposed_text(inputs)},
    pulumi.ResourceOptions(depends_on=after(context)),
)
known = pulumi.ResourceOptions(depends_on=after(context, deployed))
tags = CostTags("tags", tag_arguments(settings), known)
versions = [
    ModelVersion(name, version_document(files), known) for name, files in inputs.models.items()
]

account = pulumi.ResourceOptions(providers=[tags.provider], depends_on=after(context))
platform = Platform("platform", platform_arguments(inputs), account)
shared = pulumi.ResourceOptions(providers=[tags.provider], depends_on=after(platform))
network = Network("network", network_arguments(inputs), shared)
registry = ModelRegistry(
    "registry",
    registry_arguments(inputs, platform=platform.parts, network=network.parts),
    shared,
)
delivery = ModelDelivery("delivery", delivery_arguments(inputs, platform=platform.parts), shared)
telemetry = Telemetry("telemetry", telemetry_arguments(inputs, platform=platform.parts), shared)
CostBudget(
    "budget",
    budget_arguments(inputs, platform=platform.parts, distribution_arn=delivery.distribution_arn),
    shared,
)
# A configured domain is a plain value; CloudFront's generated name is unknown until `up`.
release_url = pulumi.Output.concat("https://", settings.delivery.domain or delivery.domain, "/")

sites = {}
for site in settings.sites:
    provider = site_provider(
        site.name, directory=site_bundle(inputs.stack, site.name), context=site.context, opts=known
    )
    fenced = pulumi.ResourceOptions(providers=[provider], depends_on=after(context))
    sites[site.name] = (
        provider,
        EdgeSite(f"site-{site.name}", site_arguments(settings, site), fenced),
    )

around = Surroundings(
    versions=versions,
    sites=sites,
    account=tags.provider,
    platform=platform.parts,
    release_url=release_url,
)
endpoints = {item.name: deploy(inputs, item, around) for item in settings.deployments}

pulumi.export("registryUri", registry.tracking_uri)
pulumi.export("releaseUrl", release_url)
pulumi.export("telemetryUrl", telemetry.url)
pulumi.export("dnsTargets", {**delivery.dns_targets, **telemetry.dns_targets})
pulumi.export("endpoints", endpoints)
pulumi.export(OUTPUT, deployed_output(inputs, before, declared, planned.resources))
pulumi.run(partial(registered, declared))
