"""Compares a window with a reference: effect size and statistical significance."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from mobile_ai.operations.monitor.measures import Measure
from mobile_ai.operations.monitor.statistics import (
    chi_square,
    jensen_shannon,
    newcombe,
    psi,
    psi_bias,
)

ALPHA: Final = 0.001
"""Two-sided significance level of every test; persistence reduces false alarms further."""
Z: Final = 3.2905
"""Quantile of the normal distribution for `ALPHA`."""
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Statistics of a comparison.

    Attributes:
        n: Count in the window.
        n_reference: Count in the reference.
        effect: Population stability index above its bias (shift), or difference of proportions
            (rise, tail).
        least_effect: Smallest relevant effect.
        p: p-value of the chi-square test, for a shift.
        low: Lower end of the difference's 99.9 % interval; otherwise of the effect itself.
        high: Upper end.
        distance: Jensen-Shannon distance, for a shift.
        dispersion: Overdispersion of the reference windows; 1 for pure sampling variation.
    """

    n: float
    n_reference: float
    effect: float
    least_effect: float
    p: float | None = None
    low: float | None = None
    high: float | None = None
    distance: float | None = None
    dispersion: float = 1.0

    @property
    def breached(self) -> bool:
        """True if the change is both relevant and significant."""
        if self.effect < self.least_effect:
            return False
        if self.p is not None:
            return self.p < ALPHA
        return self.low is not None and self.low > 0

    def to_dict(self) -> dict[str, float]:
        """Return the known values, rounded for reading."""
        return {k: round(v, _DIGITS) for k, v in asdict(self).items() if v is not None}


def compare(
    measure: Measure, now: Any, reference: Any, *, dispersion: float = 1.0
) -> Evidence | None:
    """Return the evidence, or ``None`` if counts are too small or the bins differ.

    Args:
        measure: Measure to compare.
        now: Counts by bin of the window.
        reference: Counts by bin of the reference.
        dispersion: Overdispersion of the reference's windows.
    """
    if len(now) != len(reference) or min(now.sum(), reference.sum()) < measure.least_n:
        return None
    if measure.how == "shift":
        return _shift(measure, now, reference, dispersion)
    if measure.how == "tail":
        cut = _cut(reference, measure.tail)
        now, reference = _fold(now, cut), _fold(reference, cut)
    return _rise(measure, now, reference, dispersion)


def _shift(measure: Measure, now: Any, reference: Any, dispersion: float) -> Evidence:
    n, n_reference = float(now.sum()), float(reference.sum())
    used = int(((now + reference) > 0).sum())
    bias = psi_bias(used, n, n_reference) * dispersion
    return Evidence(
        n=n,
        n_reference=n_reference,
        effect=psi(now, reference) - bias,
        least_effect=measure.least_effect,
        p=chi_square(now, reference, dispersion=dispersion),
        distance=jensen_shannon(now, reference),
        dispersion=dispersion,
    )


def _rise(measure: Measure, now: Any, reference: Any, dispersion: float) -> Evidence:
    n, n_reference = float(now.sum()), float(reference.sum())
    effect, low, high = newcombe(
        now[0] / dispersion,
        n / dispersion,
        reference[0] / dispersion,
        n_reference / dispersion,
        z=Z,
    )
    return Evidence(
        n=n,
        n_reference=n_reference,
        effect=effect,
        least_effect=measure.least_effect,
        low=low,
        high=high,
        dispersion=dispersion,
    )


def _cut(reference: Any, tail: float) -> int:
    """Return the first bin above which at most a share of `tail` of the reference lies."""
    above = 1 - np.cumsum(reference) / reference.sum()
    return int(np.argmax(above <= tail)) + 1


def _fold(counts: Any, cut: int) -> Any:
    return np.array([counts[cut:].sum(), counts[:cut].sum()])
