"""Seeded augmentation of training rows; labels are unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.errors import need

_Inputs = Mapping[str, NDArray[Any]]
_TURN = 0.22  # radians: about 13 degrees
_SHEAR = 0.15
_SHIFT = 2.0  # pixels
_SCALE = (0.88, 1.14)


def augment(inputs: _Inputs, kind: str, generator: np.random.Generator) -> _Inputs:
    """Return changed copies of the inputs.

    Args:
        inputs: Input name to rows.
        kind: `none`, `affine` (images: turn, shear, scale, shift) or `jitter` (series:
            noise and a change of amplitude).
        generator: The only source of randomness.
    """
    if kind == "affine":
        return {name: _affine(values, generator) for name, values in inputs.items()}
    if kind == "jitter":
        return {name: _jitter(values, generator) for name, values in inputs.items()}
    return inputs


def _affine(images: NDArray[Any], generator: np.random.Generator) -> NDArray[Any]:
    transform = need("scipy.ndimage").affine_transform
    centre = (np.array(images.shape[1:3]) - 1) / 2
    changed = np.empty_like(images)
    for number, image in enumerate(images[..., 0]):
        turn, shear = generator.uniform(-_TURN, _TURN), generator.uniform(-_SHEAR, _SHEAR)
        cos, sin = np.cos(turn), np.sin(turn)
        matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
        matrix /= generator.uniform(*_SCALE)
        offset = centre - matrix @ (centre + generator.uniform(-_SHIFT, _SHIFT, 2))
        changed[number, ..., 0] = transform(image, matrix, offset=offset, order=1)
    return changed


def _jitter(series: NDArray[Any], generator: np.random.Generator) -> NDArray[Any]:
    amplitude = generator.uniform(0.9, 1.1, (len(series), 1, series.shape[-1]))
    noise = generator.normal(0, 0.02, series.shape)
    return np.asarray(series * amplitude + noise, dtype=series.dtype)
