"""Distances, tests and intervals on counts by bin. Pure functions on small arrays.

Sources: PSI: Siddiqi, Credit Risk Scorecards (2006); its bias: Yurdakul, Statistical Properties of
Population Stability Index (2018). Jensen-Shannon: Lin, IEEE Trans. Inf. Theory 37 (1991). Interval
of a difference: Newcombe, Statistics in Medicine 17 (1998), method 10, from Wilson's of 1927.
Overdispersion: Wedderburn, Biometrika 61 (1974).
"""

import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from scipy.special import chdtrc

_HALF: Final = 0.5  # added to every bin, so that the index is finite for empty ones
_LEAST_EXPECTED: Final = 1.0

Counts = Any
"""One-dimensional array of non-negative counts."""


def psi(now: Counts, reference: Counts) -> float:
    """Return the population stability index; 0 for equal proportions.

    Args:
        now: Counts by bin.
        reference: Counts in the same bins.
    """
    shares, expected = _shares(now), _shares(reference)
    return float(np.sum((shares - expected) * np.log(shares / expected)))


def psi_bias(bins: int, n: float, n_reference: float) -> float:
    """Return the expected index of two samples of one distribution: (B - 1) (1/n + 1/m)."""
    return (bins - 1) * (1 / n + 1 / n_reference)


def jensen_shannon(now: Counts, reference: Counts) -> float:
    """Return the Jensen-Shannon distance, base 2: 0 for equal, 1 for disjoint distributions."""
    shares, expected = _shares(now, add=0), _shares(reference, add=0)
    middle = (shares + expected) / 2
    divergence = (_entropy(middle) - (_entropy(shares) + _entropy(expected)) / 2) / math.log(2)
    return math.sqrt(max(0.0, divergence))


def chi_square(now: Counts, reference: Counts, *, dispersion: float = 1.0) -> float:
    """Return the p-value of a chi-square test of two samples in the same bins.

    Args:
        now: Counts by bin.
        reference: Counts in the same bins.
        dispersion: Overdispersion by which the statistic is divided.
    """
    now, reference = np.asarray(now, float), np.asarray(reference, float)
    used = (now + reference) > 0
    now, reference = now[used], reference[used]
    if len(now) < 2 or not now.sum() or not reference.sum():  # noqa: PLR2004
        return 1.0
    ratio = math.sqrt(reference.sum() / now.sum())
    statistic = np.sum((ratio * now - reference / ratio) ** 2 / (now + reference))
    return float(chdtrc(len(now) - 1, statistic / dispersion))


def wilson(hits: float, n: float, *, z: float) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion; (0, 1) without counts."""
    if n <= 0:
        return 0.0, 1.0
    share, wide = hits / n, z * z / n
    middle = (share + wide / 2) / (1 + wide)
    half = z / (1 + wide) * math.sqrt(share * (1 - share) / n + wide / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(
    hits: float, n: float, hits_reference: float, n_reference: float, *, z: float
) -> tuple[float, float, float]:
    """Return the difference of two proportions and its interval: ``difference, low, high``."""
    share, reference = hits / n, hits_reference / n_reference
    low, high = wilson(hits, n, z=z)
    low_reference, high_reference = wilson(hits_reference, n_reference, z=z)
    difference = share - reference
    down = math.hypot(share - low, high_reference - reference)
    up = math.hypot(high - share, reference - low_reference)
    return difference, difference - down, difference + up


def overdispersion(groups: Iterable[Counts]) -> float:
    """Return Pearson's estimate over groups of windows that should be homogeneous; at least 1.

    Args:
        groups: Each of shape (windows, bins): counts of windows that share a slot of the week.
    """
    statistic, freedom = 0.0, 0.0
    for windows in groups:
        expected = np.outer(windows.sum(axis=1), windows.sum(axis=0)) / max(windows.sum(), 1)
        enough = expected >= _LEAST_EXPECTED
        if len(windows) > 1 and enough.any():
            part = (windows - expected)[enough] ** 2 / expected[enough]
            statistic += float(part.sum())
            cells = (len(windows) - 1) * (int((windows.sum(axis=0) > 0).sum()) - 1)
            freedom += cells * float(enough.sum() / max((expected > 0).sum(), 1))
    return max(1.0, statistic / freedom) if freedom else 1.0


def _shares(counts: Counts, *, add: float = _HALF) -> Any:
    counts = np.asarray(counts, float) + add
    return counts / max(counts.sum(), 1e-12)


def _entropy(shares: Any) -> float:
    some = shares[shares > 0]
    return float(-np.sum(some * np.log(some)))
