"""Price models by resource type, one module per kind of service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from governance.cost.kinds import (
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
from governance.cost.line import Line
from governance.cost.plan import Plan
from governance.resource import Resource

__all__ = ["PRICED", "Pricer"]

Pricer = Callable[[Plan, Resource], list[Line]]

_MODULES = (compute, data, database, delivery, edge, network, observing, security, storage)

PRICED: Final[Mapping[str, Pricer]] = MappingProxyType(
    {token: pricer for module in _MODULES for token, pricer in module.PRICED.items()}
)
