"""Quality metrics with confidence intervals; pure functions of predictions and labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.results import Agreement, MetricEstimate, PairedDifference

Z = 1.959963984540054
"""97.5 % point of the normal distribution."""
_BINS = 15

Logits = NDArray[Any]
"""Outputs of a classifier, rows by classes."""
Labels = NDArray[np.int64]
"""True class of each row."""


def accuracy(logits: Logits, labels: Labels) -> MetricEstimate:
    """Return the accuracy with its Wilson interval.

    Raises:
        ValueError: If there are no rows.
    """
    if not len(labels):
        raise ValueError("accuracy of no rows")
    return wilson(int(np.sum(logits.argmax(axis=1) == labels)), len(labels))


def wilson(right: int, n: int) -> MetricEstimate:
    """Return a proportion with its 95 % score interval (Wilson 1927), also valid near 0 and 1."""
    share, square = right / n, Z**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return MetricEstimate(
        value=share, low=min(low, share), high=max(high, share), n=n, method="wilson"
    )


def paired_difference(reference: Logits, variant: Logits, labels: Labels) -> PairedDifference:
    """Return reference minus variant accuracy on the same rows, in percentage points.

    The interval is Wald's for paired shares with one half added to each discordant count
    (Agresti and Min 2005 find that it covers well where few rows differ).
    """
    return paired_right(reference.argmax(axis=1) == labels, variant.argmax(axis=1) == labels)


def paired_right(
    was: NDArray[np.bool_], now: NDArray[np.bool_], *, z: float = Z
) -> PairedDifference:
    """Return the paired difference of two models by which rows they answer rightly.

    Args:
        was: Rows that the reference answers rightly.
        now: Rows that the variant answers rightly.
        z: Quantile of the normal distribution; that of 95 % by default.
    """
    n = len(was)
    lost, won = int(np.sum(was & ~now)), int(np.sum(~was & now))
    loss, more_lost, more_won, rows = (lost - won) / n, lost + 0.5, won + 0.5, n + 2
    centre = (more_lost - more_won) / rows
    spread = more_lost + more_won - (more_lost - more_won) ** 2 / rows
    half = z * math.sqrt(max(0.0, spread)) / rows
    return PairedDifference(
        metric="accuracy",
        loss_pt=100 * loss,
        low_pt=100 * min(centre - half, loss),
        high_pt=100 * max(centre + half, loss),
        discordant=lost + won,
        n=n,
        method="adjusted Wald for paired shares (Agresti and Min 2005)",
    )


def parity(reference: Logits, variant: Logits) -> Agreement:
    """Return top-1 agreement and the largest absolute difference of any output."""
    same = reference.argmax(axis=-1) == variant.argmax(axis=-1)
    error = np.max(np.abs(reference.astype(np.float64) - variant.astype(np.float64)))
    return Agreement(top1_agreement=float(np.mean(same)), max_abs_error=float(error), n=len(same))


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Return probabilities along the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def calibration_error(logits: Logits, labels: Labels, *, rounds: int = 500) -> MetricEstimate:
    """Return the expected calibration error over 15 equal-width bins, with a bootstrap interval.

    Source: Guo et al., "On calibration of modern neural networks", 2017.
    """
    chances = softmax(logits)
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == labels
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gap, n = right - sure, len(labels)

    def error(rows: NDArray[np.int64]) -> float:
        # A bin's share times |accuracy - confidence| is the size of its summed gaps, over n.
        sums = np.bincount(place[rows], weights=gap[rows], minlength=_BINS)
        return float(np.abs(sums).sum() / n)

    value = error(np.arange(n))
    generator = np.random.default_rng(0)
    drawn = [error(generator.integers(0, n, n)) for _ in range(rounds)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return MetricEstimate.covering(value, low, high, n=n, method=f"bootstrap-{rounds}")
