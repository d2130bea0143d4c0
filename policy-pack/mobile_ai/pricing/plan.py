"""Indexes a plan for pricing: regions, demand, sites, and the deployment of each resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import Artifact, read_manifest
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYMENT, MODEL_VERSION
from mobile_ai.pricing import inputs
from mobile_ai.pricing.assumptions import Assumptions
from mobile_ai.pricing.catalogue import Catalogue
from mobile_ai.pricing.demand import Demand, demand_of
from mobile_ai.pricing.errors import CostError, UnknownInputError
from mobile_ai.pricing.money import Band

__all__ = ["Bill", "Plan"]

_PROVIDER: Final = "pulumi:providers:aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Monthly cost of a quantity of an item in a region, cached for the whole plan.

    Attributes:
        quantity: Quantity per month.
        unit: Unit of the quantity.
        amount: The cost, ``None`` without a price.
        ceiling: Upper bound of an unknown cost.
        source: Source of the price.
    """

    quantity: Band
    unit: str
    amount: Band | None = None
    ceiling: Decimal | None = None
    source: str = ""


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
        bills: Cache of prices by item, region and quantity.
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
        self.bills: dict[tuple[str, str, Band], Bill] = {}
        self._by_urn: dict[str, Resource] = {}
        self._owner: dict[str, str] = {}
        for item in resources:
            self.by_type[item.type].append(item)
            self._by_urn[item.urn] = item
            if item.parent:
                self.by_parent[item.parent].append(item)
        self.region = self._default_region()
        context = self.by_type[CONTEXT][0].props if self.by_type[CONTEXT] else {}
        self.sites: dict[str, Mapping[str, Any]] = {
            inputs.text(site, "name"): site for site in inputs.mappings(context, "sites")
        }
        self.budgets: list[Mapping[str, Any]] = inputs.mappings(context, "budgets")
        self._demands: dict[str, Demand] | None = None

    @property
    def demands(self) -> Mapping[str, Demand]:
        """Demand of each deployment by its name.

        Raises:
            UnknownInputError: If the usage of one is unknown, which makes all shared costs unknown.
        """
        if self._demands is None:
            self._demands = {
                item.name: demand_of(
                    item.name,
                    item.props,
                    artifacts=self._artifacts.get(_pin(item), {}),
                    assume=self.assume,
                )
                for item in self.by_type[DEPLOYMENT]
            }
        return self._demands

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
        return self._artifacts.get(_pin(deployment), {})

    @cached_property
    def _artifacts(self) -> dict[str, dict[str, Artifact]]:
        found: dict[str, dict[str, Artifact]] = {}
        for item in self.by_type[MODEL_VERSION]:
            try:
                pin = inputs.text(item.props, "sha256")
                manifest, _ = read_manifest(inputs.text(item.props, "manifest"), name=item.name)
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


def _pin(deployment: Resource) -> str:
    return inputs.text(deployment.props, "spec", "aiModel", "sha256")
