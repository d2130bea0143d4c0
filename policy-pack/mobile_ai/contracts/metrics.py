"""Metrics that a manifest may state: direction, range and unit of each.

The single table used by the builder's gates, the pack's rules and comparisons. A metric that is
not listed has no known direction and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: Name in recipes and manifests.
        better: The direction in which a model improves.
        low: Smallest value it can have.
        high: Largest value it can have.
        unit: Unit of its values; `share` is a fraction of 1.
        of_groups: Whether it compares groups of people: a fairness metric, not a quality metric.
    """

    name: str
    better: Literal["higher", "lower"]
    low: float = 0.0
    high: float = 1.0
    unit: str = "share"
    of_groups: bool = False

    @property
    def more_is_worse(self) -> bool:
        """True if higher values are worse."""
        return self.better == "lower"

    def possible(self, *values: float) -> bool:
        """Return whether every value lies in the metric's range; NaN never does."""
        return all(self.low <= value <= self.high for value in values)


# Differences by Dwork et al. 2012 (demographic parity) and Hardt et al. 2016 (equalized odds).
_ALL: Final = (
    Metric(name="accuracy", better="higher"),
    Metric(name="demographic-parity-difference", better="lower", of_groups=True),
    Metric(name="equalized-odds-difference", better="lower", of_groups=True),
    Metric(name="accuracy-gap", better="lower", of_groups=True),
    Metric(name="worst-group-accuracy", better="higher", of_groups=True),
)
METRICS: Final[Mapping[str, Metric]] = MappingProxyType({item.name: item for item in _ALL})
"""Known metrics by name."""
