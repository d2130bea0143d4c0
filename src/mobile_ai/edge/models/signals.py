"""Operational signals of model updates: counters, and one log line for each change."""

from __future__ import annotations

import logging
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter

log: Final = logging.getLogger("mobile_ai.edge.models")
"""Logger of model updates."""

REGISTRY: Final = CollectorRegistry(auto_describe=True)
"""Everything that is counted here; part of what the server shows."""

_CHECKS: Final = Counter(
    "mobile_ai_model_checks",
    "Checks for a newer version, by outcome.",
    ["model", "ring", "outcome"],
    registry=REGISTRY,
)
_SWAPS: Final = Counter(
    "mobile_ai_model_swaps",
    "Changes of the version served: update, rollback, withdrawal.",
    ["model", "ring", "kind"],
    registry=REGISTRY,
)


def checked(model: str, ring: str, outcome: str) -> None:
    """Count a check."""
    _CHECKS.labels(model, ring, outcome).inc()


def swapped(model: str, ring: str, kind: str, **facts: Any) -> None:
    """Count and log a change of what is served."""
    _SWAPS.labels(model, ring, kind).inc()
    log.info("model %s", kind, extra={"model": model, "ring": ring, **facts})
