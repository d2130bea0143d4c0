"""Movement of a model's outputs by quantisation, measured on given rows, and its bound.

A model without labelled rows has no quality to lose, so its outputs are compared with those of the
file as it came. The measure is the error's root mean square over the standard deviation of the
output, of the worst output: the square root of the inverse signal-to-noise ratio. Unlike the
largest error it does not depend on a single box or score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.errors import ModelBuildError

_Outputs = Sequence[Sequence[NDArray[Any]]]


class OutputsMovedError(ModelBuildError):
    """A quantised variant whose outputs moved too far on the given rows."""


def outputs_moved(base: _Outputs, found: _Outputs) -> float:
    """Return the relative error of the worst output; infinite where an output is not finite.

    Args:
        base: Outputs of the reference, by row and output.
        found: Outputs of the variant on the same rows.
    """
    return max(_moved(_column(base, place), _column(found, place)) for place in range(len(base[0])))


def check_moved(variant: str, base: _Outputs, found: _Outputs, *, at_most: float) -> float:
    """Return the relative error of the worst output.

    Raises:
        OutputsMovedError: If that is more than `at_most`.
    """
    moved = outputs_moved(base, found)
    if moved <= at_most:
        return moved
    raise OutputsMovedError(
        f"variant {variant}",
        got=f"outputs moved on the given rows by {moved:.1%} of their spread (worst output, "
        f"{len(base)} rows)",
        expected=f"at most {at_most:.0%}",
        next_step="calibrate on rows like those the model will see, quantise dynamically or with "
        "more bits, or remove the variant from the recipe",
    )


def _column(outputs: _Outputs, place: int) -> NDArray[np.float64]:
    return np.concatenate([np.ravel(row[place]).astype(np.float64) for row in outputs])


def _moved(was: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    if was.shape != now.shape or not np.isfinite(now).all():
        return float("inf")
    error = float(np.sqrt(np.mean((was - now) ** 2))) if was.size else 0.0
    spread = float(was.std()) if was.size else 0.0
    if spread:
        return error / spread
    return float("inf") if error else 0.0
