"""Price models by resource type, one module per kind of service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mobile_ai.contracts.resource import Resource
from mobile_ai.pricing.kinds import (
    compute,
    data,
    database,
    delivery,
    edge,
    network,
    observing,
    security,
    storage,
)
from mobile_ai.pricing.line import Line
from mobile_ai.pricing.plan import Plan

__all__ = ["PRICED", "Pricer"]

Pricer = Callable[[Plan, Resource], list[Line]]
"""Prices a resource of a plan."""

_MODULES = (compute, data, database, delivery, edge, network, observing, security, storage)

PRICED: Final[Mapping[str, Pricer]] = MappingProxyType(
    {token: pricer for module in _MODULES for token, pricer in module.PRICED.items()}
)
