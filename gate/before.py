"""What is deployed now costs: told to the pack, which holds the cap on an increase against it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from governance.cost import CostError, estimate
from governance.cost.catalogue import pack_catalogue
from governance.cost.errors import UnknownInputError
from governance.resource import Resource

__all__ = ["costs_before", "declared_budgets"]


def costs_before(
    resources: Sequence[Resource], budgets: Iterable[Mapping[str, Any]]
) -> dict[str, str] | None:
    """Return the typical month of what is deployed by budget, USD as text.

    Args:
        resources: Of the deployed state.
        budgets: With name and scope, as the stack file declares them now.

    Returns:
        `None` if nothing is deployed. What cannot be priced has no entry: the pack then knows
        that it does not know.
    """
    if not resources:
        return None
    try:
        found = estimate(resources, pack_catalogue())
        named = [(str(item.get("name")), str(item.get("scope"))) for item in budgets]
        return {name: f"{found.of_budget(scope, name).amount.typical:f}" for name, scope in named}
    except (CostError, UnknownInputError):
        return {}


def declared_budgets(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the budgets of a stack file's `config`; what is none is left out."""
    declared = config.get("mobile-ai:budgets")
    entries = declared if isinstance(declared, list) else []
    return [item for item in entries if isinstance(item, dict)]
