"""Applies all rules to all data: a pure function from cells to findings."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from mobile_ai.operations.monitor.alarm import findings
from mobile_ai.operations.monitor.compare_windows import (
    ComparisonSettings,
    WindowComparison,
    observe,
)
from mobile_ai.operations.monitor.cost import cost_spikes
from mobile_ai.operations.monitor.estimate import estimated_quality
from mobile_ai.operations.monitor.fairness import fairness_gaps
from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.monitor.window_counts import History

_NO_COSTS: Final[Mapping[str, Mapping[int, float]]] = MappingProxyType({})


def judge_history(
    history: History,
    settings: ComparisonSettings,
    *,
    costs: Mapping[str, Mapping[int, float]] = _NO_COSTS,
) -> list[MonitorFinding]:
    """Return the findings; the same data give the same findings, with the same ids.

    Args:
        history: Cells by subject and window.
        settings: Settings of the monitor.
        costs: Amounts by application and window.
    """
    return findings(observations(history, settings, costs=costs), settings)


def observations(
    history: History,
    settings: ComparisonSettings,
    *,
    costs: Mapping[str, Mapping[int, float]] = _NO_COSTS,
) -> Iterator[WindowComparison]:
    """Yield the observation of every rule on every window with enough data."""
    yield from observe(history, settings)
    yield from estimated_quality(history, settings)
    yield from fairness_gaps(history)
    yield from cost_spikes(costs, settings)
