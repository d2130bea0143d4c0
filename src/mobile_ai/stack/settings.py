"""The settings of a stack in types, parsed from values wherever they come from.

Inside a Pulumi program the values come from the engine, elsewhere from ``mobile_ai.stack.reader``.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from mobile_ai.stack.errors import SettingsError, problems_of
from mobile_ai.stack.settings_delivery import Delivery, Telemetry
from mobile_ai.stack.settings_deployment import Deployment
from mobile_ai.stack.settings_platform import (
    Aws,
    Budget,
    Cost,
    Existing,
    Identity,
    Images,
    Network,
    Owner,
    Registry,
    Site,
)
from mobile_ai.stack.settings_types import EnvironmentName, Region, Section

NAMESPACE = "mobile-ai"
"""Prefix of the program's keys in a stack file."""


class Settings(Section):
    """The stack file, in types."""

    owner: Owner = Field(description="Owner and payer of the stack.")
    environment: EnvironmentName = Field(
        description="Environment that the pack lists for the stack: its trust and rules apply."
    )
    region: Region = Field(description="Home region: everything that is in one place is here.")
    aws: Aws = Field(description="The account that the stack may touch.")
    images: Images = Field(description="Container images, pinned by digest.")
    registry: Registry = Field(description="Registry of model versions.")
    network: Network = Field(description="Network of what runs in the home region.")
    identity: Identity = Field(description="Issuer of the tokens that public APIs accept.")
    sites: tuple[Site, ...] = Field(default=(), description="Clusters that serve models.")
    delivery: Delivery = Field(description="Delivery of models to devices.")
    telemetry: Telemetry = Field(description="Telemetry of devices.")
    budgets: tuple[Budget, ...] = Field(min_length=1, description="Monthly limits on money.")
    cost: Cost = Field(default=Cost(), description="Cost observation in the account.")
    existing: Existing = Field(
        default=Existing(), description="Existing resources that are used instead of created."
    )
    protect: bool = Field(description="Refuse to delete what holds state.")
    deployments: tuple[Deployment, ...] = Field(
        min_length=1, description="Models, their placements and rollouts."
    )

    def site(self, name: str) -> Site:
        """Return a site by its name.

        Raises:
            KeyError: If there is none; ``load`` has checked every reference.
        """
        return {site.name: site for site in self.sites}[name]


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the ``mobile-ai:`` keys of a stack file, for editors."""
    return Settings.model_json_schema(by_alias=True)


def parse_settings(values: Mapping[str, Any], *, source: str) -> Settings:
    """Return configuration values in types.

    Args:
        values: The keys of the namespace ``mobile-ai``, as JSON values.
        source: Name in errors: the stack file.

    Raises:
        SettingsError: If a key is missing, unknown or of another type; it names every one.
    """
    try:
        # Through JSON, so that strict types accept what YAML can say (lists for tuples).
        return Settings.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise SettingsError(source, problems_of(error, schema=settings_schema())) from error
