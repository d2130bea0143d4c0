"""Inputs that belong to nobody: for self-tests, memory, and models without a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_build.errors import need
from model_build.results import TensorSpec

__all__ = ["generated_inputs", "photo_inputs", "sound_inputs"]

_TYPES = {"FP32": np.float32, "FP16": np.float16, "INT32": np.int32, "INT64": np.int64}
_RATE = 16_000  # Hz


def generated_inputs(
    specs: tuple[TensorSpec, ...], *, rows: int, seed: int
) -> dict[str, NDArray[Any]]:
    """Return seeded inputs of the right type: 0..1 for floats, 0..127 for integers.

    A scalar input (a sample rate, a flag) has no row to vary and is 1.
    """
    generator = np.random.default_rng(seed)
    found = {}
    for spec in specs:
        shape = (rows, *(1 if size < 0 else size for size in spec.shape[1:]))
        if not spec.shape:
            found[spec.name] = np.array(1, dtype=_TYPES.get(spec.dtype, np.float32))
        elif spec.dtype.startswith("FP"):
            found[spec.name] = generator.random(shape).astype(_TYPES[spec.dtype])
        else:
            dtype = _TYPES.get(spec.dtype, np.int32)
            found[spec.name] = generator.integers(0, 128, shape).astype(dtype)
    return found


def photo_inputs(spec: TensorSpec, *, rows: int, seed: int) -> dict[str, NDArray[Any]]:
    """Return crops of the two photographs that scikit-learn ships, in -1..1."""
    image = need("sklearn.datasets").load_sample_images().images
    generator = np.random.default_rng(seed)
    height, width = spec.shape[1:3]
    crops = []
    for row in range(rows):
        photo = image[row % len(image)]
        step = int(generator.integers(1, 1 + min(photo.shape[0] // height, photo.shape[1] // width)))
        top = int(generator.integers(0, photo.shape[0] - height * step + 1))
        left = int(generator.integers(0, photo.shape[1] - width * step + 1))
        crops.append(photo[top : top + height * step : step, left : left + width * step : step])
    return {spec.name: (np.stack(crops) / 127.5 - 1).astype(np.float32)}


def sound_inputs(samples: int, *, rows: int, seed: int) -> NDArray[np.float32]:
    """Return synthetic sound [rows, samples] at 16 kHz: harmonic tones, sweeps and noise.

    Synthetic, because no recording of a person may be shipped; a voice detector is only
    compared with itself on it, never scored.
    """
    generator = np.random.default_rng(seed)
    time = np.arange(samples) / _RATE
    sounds = []
    for row in range(rows):
        pitch = generator.uniform(90, 250)
        voiced = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12))
        noise = generator.normal(0, 1, samples)
        mix = (row % 4) / 3
        sounds.append(0.3 * (mix * voiced + (1 - mix) * noise) * generator.uniform(0.05, 1))
    return np.clip(np.stack(sounds), -1, 1).astype(np.float32)
