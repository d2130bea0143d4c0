"""Price models by resource type: the charges of a resource, not yet priced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing.kinds import data, serving, traffic
from mobile_ai.pricing.plan import Plan
from mobile_ai.pricing.usage import Usage

__all__ = ["PRICED", "PriceModel"]

PriceModel = Callable[[Plan, Resource], Iterable[Usage]]
"""Charges of a resource of a plan in a month."""

PRICED: Final[Mapping[str, PriceModel]] = MappingProxyType(
    {**data.PRICED, **serving.PRICED, **traffic.PRICED}
)
"""Price models by type token."""
