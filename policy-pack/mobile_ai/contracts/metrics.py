"""Metrics that a manifest may state: direction, range, unit, aggregation and interval of each.

The single table used by the builder's gates, the pack's rules, comparisons and reports. A metric
that is not listed is refused, unless its name states its direction (``reading-speed/lower``): the
name is signed with the manifest, so that every reader takes the same direction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from types import MappingProxyType
from typing import Final, Literal

Better = Literal["higher", "lower"]
"""Direction in which a model improves."""
_DECLARED: Final = re.compile(r"([a-z][a-z0-9-]{0,62})/(higher|lower)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: Name in recipes and manifests.
        better: The direction in which a model improves.
        low: Smallest value it can have.
        high: Largest value it can have.
        unit: Unit of its values; `share` is a fraction of 1.
        kind: `quality` of answers, `groups`: quality between groups of people, or `cost`.
        aggregation: Calculation of one value from rows.
        interval: Method of its 95 % interval.
    """

    name: str
    better: Better
    low: float = 0.0
    high: float = 1.0
    unit: str = "share"
    kind: Literal["quality", "groups", "cost"] = "quality"
    aggregation: str = "mean over rows"
    interval: str = "bootstrap over rows"

    @property
    def of_groups(self) -> bool:
        """True for a metric that compares groups of people."""
        return self.kind == "groups"

    @property
    def more_is_worse(self) -> bool:
        """True if higher values are worse."""
        return self.better == "lower"

    def possible(self, *values: float) -> bool:
        """Return whether every value is finite and in the metric's range; NaN never is."""
        return all(isfinite(value) and self.low <= value <= self.high for value in values)

    def worst(self, low: float, high: float) -> float:
        """Return the end of an interval that is worse."""
        return worst_end(low, high, better=self.better)

    def meets(self, value: float, limit: float) -> bool:
        """Return whether a value is at least as good as a limit; NaN never is."""
        return meets(value, limit, better=self.better)

    def bound(self, limit: float) -> str:
        """Return a limit in words."""
        return f"at {'most' if self.more_is_worse else 'least'} {limit:g}"


def meets(value: float, limit: float, *, better: Better) -> bool:
    """Return whether a value is at least as good as a limit; NaN never is."""
    return value <= limit if better == "lower" else value >= limit


def worst_end(low: float, high: float, *, better: Better) -> float:
    """Return the end of an interval that is worse."""
    return high if better == "lower" else low


def _groups(name: str, better: Better, aggregation: str) -> Metric:
    return Metric(name=name, better=better, kind="groups", aggregation=aggregation)


def _cost(name: str, unit: str, aggregation: str) -> Metric:
    return Metric(
        name=name, better="lower", high=inf, unit=unit, kind="cost", aggregation=aggregation
    )


# Differences by Dwork et al. 2012 (demographic parity) and Hardt et al. 2016 (equalized odds);
# calibration by Guo et al. 2017.
_ALL: Final = (
    Metric(name="accuracy", better="higher", interval="wilson"),
    Metric(name="f1", better="higher", aggregation="mean over classes"),
    Metric(name="auc", better="higher", aggregation="over all pairs of rows"),
    Metric(name="map", better="higher", aggregation="mean over classes"),
    Metric(name="landmark-error", better="lower", high=inf, unit="share of the face"),
    Metric(name="wer", better="lower", high=inf, aggregation="errors over words"),
    Metric(name="perplexity", better="lower", low=1.0, high=inf, unit="choices"),
    Metric(name="rmse", better="lower", high=inf, unit="of the label"),
    Metric(
        name="expected-calibration-error",
        better="lower",
        aggregation="gap of confidence and accuracy over 15 bins",
    ),
    _groups("demographic-parity-difference", "lower", "largest difference of groups"),
    _groups("equalized-odds-difference", "lower", "largest difference of groups"),
    _groups("accuracy-gap", "lower", "largest difference of groups"),
    _groups("worst-group-accuracy", "higher", "lowest of all groups"),
    _cost("size", "bytes", "sum of files"),
    _cost("latency-p50", "ms", "median over runs"),
    _cost("latency-p95", "ms", "95th percentile over runs"),
    _cost("peak-memory", "bytes", "largest of all runs"),
    _cost("energy", "mJ", "estimate of one inference"),
)
METRICS: Final[Mapping[str, Metric]] = MappingProxyType({item.name: item for item in _ALL})
"""Known metrics by name."""
NO_MEASURE_OF_TRUTH: Final = frozenset({"expected-calibration-error"})
"""Metrics of quality that say nothing about how many answers are right."""


def metric_named(name: str) -> Metric | None:
    """Return a known metric, or one whose name states its direction; ``None`` otherwise.

    A listed name with a direction is not taken, since it could contradict the table.
    """
    if name in METRICS:
        return METRICS[name]
    stated = _DECLARED.fullmatch(name)
    if stated is None or stated[1] in METRICS:
        return None
    better: Better = "lower" if stated[2] == "lower" else "higher"
    return Metric(name=name, better=better, low=-inf, high=inf, unit="")


def is_cost(name: str) -> bool:
    """Return whether a metric is of time, memory or size rather than the quality of answers."""
    metric = metric_named(name)
    return metric is not None and metric.kind == "cost"


def metric_names(*kinds: str) -> str:
    """Return the names that are accepted, for messages; of some kinds only, if given."""
    listed = ", ".join(item.name for item in _ALL if not kinds or item.kind in kinds)
    return listed if kinds == ("groups",) else f"{listed}, or NAME/higher or NAME/lower"
