"""Detects cost spikes against the series' own past, within windows, long before the bill.

The threshold is a multiple of the median of the same hour of the day, not a number of deviations:
a cost that doubles is relevant however noisy it was. Sources are usage metrics of the fast path or
the rows of a bill, never device telemetry.
"""

import statistics
from collections.abc import Iterator, Mapping
from typing import Final

from mobile_ai.operations.monitor.compare import Evidence
from mobile_ai.operations.monitor.compare_windows import ComparisonSettings, WindowComparison
from mobile_ai.operations.monitor.window_counts import MonitoredSubject

_LEAST_SHARE: Final = 1.0  # excess over the median, relative to it: twice as much
_DEVIATIONS: Final = 5.0
_TO_SIGMA: Final = 1.4826  # from the median absolute deviation of normal values
_DAY: Final = 24
_LEAST: Final = 3  # past values of the same hour; with fewer, all hours are used


def cost_spikes(
    costs: Mapping[str, Mapping[int, float]], settings: ComparisonSettings
) -> Iterator[WindowComparison]:
    """Yield an observation for every cost after the reference, as excess over its usual value.

    Args:
        costs: Amounts by application and window, in one currency.
        settings: Settings of the monitor.
    """
    for app, series in sorted(costs.items()):
        windows = sorted(series)
        first = windows[: settings.reference]
        for window in windows[settings.reference :]:
            per_day = _DAY // settings.width
            same = [series[w] for w in first if w % per_day == window % per_day]
            usual = same if len(same) >= _LEAST else [series[w] for w in first]
            evidence = _evidence(series[window], usual)
            yield WindowComparison(
                subject=MonitoredSubject(app, "", "", "", "bill"),
                rule="cost-spike",
                series="cost",
                against="past",
                window=window,
                evidence=evidence,
                severity="high",
                playbook="throttle",
            )


def _evidence(amount: float, usual: list[float]) -> Evidence:
    middle = statistics.median(usual)
    spread = statistics.median(abs(value - middle) for value in usual) * _TO_SIGMA
    floor = max(middle, 1e-9)
    return Evidence(
        n=1,
        n_reference=len(usual),
        effect=amount / floor - 1,
        least_effect=_LEAST_SHARE,
        low=(amount - middle - _DEVIATIONS * spread) / floor,
    )
