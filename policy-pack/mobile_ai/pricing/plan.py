"""Indexes a plan for pricing: regions, demand, sites, tags, and the deployment of each resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.json_values import mapping
from mobile_ai.contracts.manifest import Artifact, read_manifest
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYMENT, MODEL_VERSION
from mobile_ai.pricing import values
from mobile_ai.pricing.assumptions import Assumptions
from mobile_ai.pricing.catalogue import Catalogue
from mobile_ai.pricing.demand import Demand, demand_of
from mobile_ai.pricing.errors import CostError, UnknownInputError
from mobile_ai.pricing.values import Band

_PROVIDER: Final = "pulumi:providers:aws"
_TAG_PREFIXES: Final = ("mobile-ai:", "mobile-ai.dev/")


class Plan:
    """Resources with the indexes that price models query; built once per estimate.

    Attributes:
        resources: The resources in order.
        catalogue: The prices.
        assume: Usage assumptions.
        region: Default region of the resources.
        sites: Edge sites of the governance context by name.
        budgets: Budgets of the governance context.
        by_type: Resources by type.
        by_parent: Resources by their parent's URN.
        tags: Cost tags of each resource by URN (see `tags_of`).
    """

    def __init__(
        self, resources: Sequence[Resource], catalogue: Catalogue, assume: Assumptions
    ) -> None:
        """Index the resources."""
        self.resources = resources
        self.catalogue = catalogue
        self.assume = assume
        self.by_type: dict[str, list[Resource]] = defaultdict(list)
        self.by_parent: dict[str, list[Resource]] = defaultdict(list)
        self._by_urn: dict[str, Resource] = {}
        self._owner: dict[str, str] = {}
        for item in resources:
            self.by_type[item.type].append(item)
            self._by_urn[item.urn] = item
            if item.parent:
                self.by_parent[item.parent].append(item)
        self.tags = {item.urn: tags_of(item) for item in resources}
        self.region = self._default_region()
        context = self.by_type[CONTEXT][0].props if self.by_type[CONTEXT] else {}
        self.sites: dict[str, Mapping[str, Any]] = {
            values.text(site, "name"): site for site in values.mappings(context, "sites")
        }
        self.budgets: list[Mapping[str, Any]] = values.mappings(context, "budgets")

    @cached_property
    def demands(self) -> Mapping[str, Demand]:
        """Demand of each deployment by its name.

        Raises:
            UnknownInputError: If the usage of one is unknown, which makes all shared costs unknown.
        """
        return {
            item.name: demand_of(
                item.name, item.props, artifacts=self.artifacts(item), assume=self.assume
            )
            for item in self.by_type[DEPLOYMENT]
        }

    @cached_property
    def events(self) -> Band:
        """Number of telemetry events a month, with one device counted once per app."""
        apps: dict[str, Band] = {}
        for demand in self.demands.values():
            before = apps.get(demand.app)
            if before is None or demand.devices.typical > before.typical:
                apps[demand.app] = demand.devices
        return Band.total(apps.values()) * self.assume.events_per_device

    @cached_property
    def events_gb(self) -> Band:
        """Size of a month's telemetry events in GiB."""
        return self.events * self.assume.event_bytes / 2**30

    @cached_property
    def cdn_requests(self) -> Band:
        """Number of requests from devices to the CDN a month."""
        return Band.total([item.cdn_requests for item in self.demands.values()])

    def region_of(self, resource: Resource) -> str:
        """Return the region of a resource.

        Raises:
            CostError: If neither it, its provider nor the stack names one.
        """
        own = resource.props.get("region")
        if isinstance(own, str) and own:
            return own
        provided = (resource.provider.props if resource.provider else {}).get("region")
        region = provided if isinstance(provided, str) and provided else self.region
        if region:
            return region
        raise CostError(
            f"region of {resource.name}",
            got="none",
            expected="a region of the resource or of its AWS provider",
            next_step="set `region` in the stack file; nothing was summed",
        )

    def find(self, urn: str) -> Resource:
        """Return the resource with a URN.

        Raises:
            KeyError: If the plan has none.
        """
        return self._by_urn[urn]

    def deployment_of(self, resource: Resource) -> str:
        """Return the name of the deployment that contains a resource, empty if it is shared."""
        if resource.type == DEPLOYMENT:
            return resource.name
        parent = resource.parent
        if not parent:
            return ""
        if parent not in self._owner:
            above = self._by_urn.get(parent)
            self._owner[parent] = ""  # guards against cycles of parents
            self._owner[parent] = self.deployment_of(above) if above else ""
        return self._owner[parent]

    def ancestors(self, resource: Resource) -> list[Resource]:
        """Return the ancestors of a resource, nearest first."""
        found: list[Resource] = []
        parent = self._by_urn.get(resource.parent or "")
        while parent is not None and parent not in found:
            found.append(parent)
            parent = self._by_urn.get(parent.parent or "")
        return found

    def siblings(self, resource: Resource, token: str) -> list[Resource]:
        """Return the resources of a type below the same parent."""
        return [
            item for item in self.by_parent.get(resource.parent or "", ()) if item.type == token
        ]

    def demand(self, resource: Resource) -> Demand | None:
        """Return the demand of the deployment that contains a resource."""
        return self.demands.get(self.deployment_of(resource))

    def shares(self, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Return each deployment's share by weight; empty if all weights are 0."""
        total = sum(weights.values(), Decimal(0))
        return {name: weight / total for name, weight in weights.items() if weight} if total else {}

    def artifacts(self, deployment: Resource) -> Mapping[str, Artifact]:
        """Return the artifacts of the version that a deployment pins, by variant."""
        pin = values.text(deployment.props, "spec", "aiModel", "sha256")
        return self._artifacts.get(pin, {})

    @cached_property
    def _artifacts(self) -> dict[str, dict[str, Artifact]]:
        found: dict[str, dict[str, Artifact]] = {}
        for item in self.by_type[MODEL_VERSION]:
            try:
                pin = values.text(item.props, "sha256")
                manifest, _ = read_manifest(values.text(item.props, "manifest"), name=item.name)
            except (GovernanceError, UnknownInputError):
                continue  # denied by `model-evidence-verified`; here its size is unknown
            found[pin] = {artifact.variant: artifact for artifact in manifest.artifacts}
        return found

    def _default_region(self) -> str:
        for item in self.by_type[_PROVIDER]:
            region = item.props.get("region")
            if isinstance(region, str) and region:
                return region
        for item in self.resources:
            region = item.provider.props.get("region") if item.provider else None
            if isinstance(region, str) and region:
                return region
        return ""


def tags_of(resource: Resource) -> dict[str, str]:
    """Return the cost tags of a resource by name without prefix: AWS tags and Kubernetes labels.

    The default tags of its provider are included.
    """
    provider = resource.provider.props if resource.provider else {}
    found: dict[str, str] = {}
    for tags in (
        mapping(mapping(provider.get("defaultTags")).get("tags")),
        mapping(resource.props.get("tagsAll")),
        mapping(resource.props.get("tags")),
        mapping(mapping(resource.props.get("metadata")).get("labels")),
    ):
        for key, value in tags.items():
            for prefix in _TAG_PREFIXES:
                if key.startswith(prefix) and isinstance(value, str):
                    found[key.removeprefix(prefix)] = value
    return found
