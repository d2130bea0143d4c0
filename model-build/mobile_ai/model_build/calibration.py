"""Calibration rows as single inferences, for the quantizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

Calibration = Mapping[str, NDArray[Any]] | Sequence[Mapping[str, NDArray[Any]]]
"""Rows by input name, or one mapping for each inference where an input has no rows (a scalar, a
recurrent state)."""


def inferences(calibration: Calibration) -> list[dict[str, NDArray[Any]]]:
    """Return the inputs of each inference."""
    if not isinstance(calibration, Mapping):
        return [dict(sample) for sample in calibration]
    rows = len(next(iter(calibration.values()))) if calibration else 0
    return [
        {name: values[row : row + 1] for name, values in calibration.items()} for row in range(rows)
    ]
