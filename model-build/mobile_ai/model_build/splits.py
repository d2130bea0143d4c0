"""Splits rows deterministically by seed, stratified by label, into disjoint parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.rows import Rows

_Share = Callable[[int], float]


def split_index(
    labels: NDArray[np.int64], shares: Mapping[str, _Share], *, seed: int
) -> dict[str, NDArray[np.int64]]:
    """Return row numbers by split name: disjoint, shuffled, with the share of each label.

    Args:
        labels: Class of every row.
        shares: By split name in order, a function from a class to the share of its rows; at most
            1 in total for every class.
        seed: Seed of the assignment; the same seed gives the same splits.

    Raises:
        ValueError: If the shares are not positive or add up to more than 1.
    """
    generator = np.random.default_rng(seed)
    parts: dict[str, list[NDArray[np.int64]]] = {name: [] for name in shares}
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        for name, (low, high) in _bounds(int(label), shares).items():
            parts[name].append(rows[_cut(low, rows) : _cut(high, rows)])
    return {name: generator.permutation(np.concatenate(rows)) for name, rows in parts.items()}


def split(rows: Rows, shares: Mapping[str, _Share], *, seed: int) -> dict[str, Rows]:
    """Return the rows of every split by name; see `split_index`."""
    index = split_index(rows.labels, shares, seed=seed)
    return {name: rows.take(numbers) for name, numbers in index.items()}


def _bounds(label: int, shares: Mapping[str, _Share]) -> dict[str, tuple[float, float]]:
    result, low = {}, 0.0
    for name, share in shares.items():
        if share(label) <= 0:
            raise ValueError(f"split {name}, label {label}: share {share(label)} is not positive")
        result[name] = (low, low + share(label))
        low += share(label)
    if low > 1 + 1e-9:
        raise ValueError(f"label {label}: shares add up to {low:.3f}, more than 1")
    return result


def _cut(bound: float, rows: NDArray[np.int64]) -> int:
    return round(float(bound) * len(rows))
