"""Applies all rules to all data: a pure function from cells to findings."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from operations.monitor.alarm import findings
from operations.monitor.cells import History
from operations.monitor.cost import cost_spikes
from operations.monitor.estimate import estimated_quality
from operations.monitor.fairness import fairness_gaps
from operations.monitor.finding import Finding
from operations.monitor.observe import Observation, Settings, observe

__all__ = ["judge", "observations"]

_NO_COSTS: Final[Mapping[str, Mapping[int, float]]] = MappingProxyType({})


def judge(
    history: History, settings: Settings, *, costs: Mapping[str, Mapping[int, float]] = _NO_COSTS
) -> list[Finding]:
    """Return the findings; the same data give the same findings, with the same ids.

    Args:
        history: Cells by subject and window.
        settings: Settings of the monitor.
        costs: Amounts by application and window.
    """
    return findings(observations(history, settings, costs=costs), settings)


def observations(
    history: History, settings: Settings, *, costs: Mapping[str, Mapping[int, float]] = _NO_COSTS
) -> Iterator[Observation]:
    """Yield the observation of every rule on every window with enough data."""
    yield from observe(history, settings)
    yield from estimated_quality(history, settings)
    yield from fairness_gaps(history)
    yield from cost_spikes(costs, settings)
