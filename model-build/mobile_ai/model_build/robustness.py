"""Seeded corruptions of held-out inputs that imitate sensor faults and typing errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SEVERITY: Final = {"noise": 0.15, "shift": 2.0, "dropout": 0.1, "contrast": 0.5, "typo": 0.08}
"""Severity of each corruption; fixed, so that versions are comparable."""


def corrupt(inputs: Mapping[str, NDArray[Any]], kind: str, *, seed: int) -> dict[str, NDArray[Any]]:
    """Return corrupted copies of all inputs.

    Args:
        inputs: Input name to rows.
        kind: `noise` (Gaussian, standard deviation), `shift` (places along the first axis),
            `dropout` (share of values lost), `contrast` (factor around the mean) or `typo`
            (share of characters replaced).
        seed: Seed of the generator.
    """
    generator = np.random.default_rng(seed)
    return {name: _one(values, kind, generator) for name, values in inputs.items()}


def _one(values: NDArray[Any], kind: str, generator: np.random.Generator) -> NDArray[Any]:
    severity = SEVERITY[kind]
    if kind == "noise":
        changed = values + generator.normal(0, severity, values.shape)
    elif kind == "shift":
        changed = np.roll(values, int(severity), axis=1)
    elif kind == "contrast":
        mean = values.mean(axis=tuple(range(1, values.ndim)), keepdims=True)
        changed = mean + (values - mean) * severity
    elif kind == "typo":
        hit = (generator.random(values.shape) < severity) & (values > 0)
        changed = np.where(hit, generator.integers(97, 123, values.shape), values)
    else:
        changed = np.where(generator.random(values.shape) < severity, 0, values)
    return np.asarray(changed, dtype=values.dtype)
