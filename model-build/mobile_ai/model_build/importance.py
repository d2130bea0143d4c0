"""Permutation importance: loss of accuracy when one feature is shuffled between rows.

Breiman 2001; Fisher, Rudin and Dominici 2019. Works for any file and needs no gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.results import Importance
from mobile_ai.model_build.rows import Rows

_GRID = 4  # patches along each side of an image, blocks along a text

_Predict = Callable[[dict[str, NDArray[Any]]], NDArray[Any]]
_InputPlace = tuple[str, Any]


def permutation_importance(predict: _Predict, rows: Rows, *, seed: int) -> tuple[Importance, ...]:
    """Return the loss of accuracy of every feature in percentage points, highest first.

    Args:
        predict: Function from inputs to logits.
        rows: Held-out rows.
        seed: Seed of the permutations.
    """
    inputs = dict(rows.inputs)
    base = _accuracy(predict(inputs), rows)
    found = []
    for number, (name, (key, place)) in enumerate(features(rows)):
        order = np.random.default_rng(seed + number).permutation(len(rows))
        changed = inputs[key].copy()
        changed[place] = inputs[key][order][place]
        loss = base - _accuracy(predict({**inputs, key: changed}), rows)
        found.append(Importance(feature=name, loss_pt=100 * loss))
    return tuple(sorted(found, key=lambda each: -each.loss_pt))


def features(rows: Rows) -> Iterator[tuple[str, _InputPlace]]:
    """Yield feature names and their index in an input.

    Features are named columns (one-hot columns `job=clerk` and `job=cook` are one feature), else
    patches of an image, channels of a series, or blocks of a text.
    """
    for key, values in rows.inputs.items():
        if key in rows.features:
            yield from _columns(key, rows.features[key])
        elif values.ndim == 4:  # noqa: PLR2004  # rows, height, width, channels
            yield from _patches(key, values.shape[1], values.shape[2])
        elif values.ndim == 3:  # noqa: PLR2004  # rows, steps, channels
            for channel in range(values.shape[2]):
                yield f"{key}[{channel}]", (key, np.s_[:, :, channel])
        else:
            for block in range(_GRID):
                part = _part(block, values.shape[1])
                yield f"{key}[{part.start}:{part.stop}]", (key, np.s_[:, part])


def _columns(key: str, names: tuple[str, ...]) -> Iterator[tuple[str, _InputPlace]]:
    for feature in dict.fromkeys(name.split("=")[0] for name in names):
        columns = [n for n, name in enumerate(names) if name.split("=")[0] == feature]
        yield feature, (key, np.s_[:, columns])


def _patches(key: str, height: int, width: int) -> Iterator[tuple[str, _InputPlace]]:
    for row in range(_GRID):
        for column in range(_GRID):
            place = np.s_[:, _part(row, height), _part(column, width)]
            yield f"{key} patch {row},{column}", (key, place)


def _part(number: int, size: int) -> slice:
    return slice(number * size // _GRID, (number + 1) * size // _GRID)


def _accuracy(logits: NDArray[Any], rows: Rows) -> float:
    return float(np.mean(logits.argmax(axis=1) == rows.labels))
