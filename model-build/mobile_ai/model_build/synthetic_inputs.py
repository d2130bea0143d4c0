"""Synthetic inputs for self-tests, memory measurements, and models without a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.contracts.manifest import TensorSpec
from mobile_ai.model_build.errors import need
from mobile_ai.model_build.recipe import Source
from mobile_ai.model_build.runtime import DTYPES

# One inference: input name to tensor, the batch dimension included.
Sample = dict[str, NDArray[Any]]
"""Input arrays by name."""
_RATE = 16_000  # Hz


def generated_inputs(
    specs: tuple[TensorSpec, ...],
    *,
    rows: int,
    seed: int,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Sample:
    """Return seeded inputs of the right type: 0..1 for floats, 0..127 for integers.

    Args:
        specs: The file's inputs.
        rows: Size of the first dimension.
        seed: Seed of the generator.
        shapes: Full shapes of inputs with dynamic sizes.
    """
    generator = np.random.default_rng(seed)
    found: Sample = {}
    for spec in specs:
        free = (rows, *(max(size, 1) for size in spec.shape[1:])) if spec.shape else ()
        shape = (shapes or {}).get(spec.name, free)
        dtype = np.dtype(DTYPES.get(spec.dtype, "int32"))
        if spec.dtype.startswith("FP"):
            found[spec.name] = generator.random(shape).astype(dtype)
        else:
            found[spec.name] = np.asarray(generator.integers(0, 128, shape), dtype=dtype)
    return found


def probe_samples(specs: tuple[TensorSpec, ...], source: Source, *, seed: int) -> list[Sample]:
    """Return probe inputs of an imported model: photographs, sound or random numbers.

    The first input is the photograph or the sound. Others (a recurrent state) are zero, or the
    recipe's `probeValues`.
    """
    samples = []
    for row in range(source.probe_rows):
        sample = generated_inputs(specs, rows=1, seed=seed + row, shapes=source.probe_shapes)
        first = specs[0].name
        generator = np.random.default_rng([seed, row])
        if source.probe != "generated":
            sample = {name: np.zeros_like(values) for name, values in sample.items()}
            make = photo if source.probe == "photos" else sound
            sample[first] = make(sample[first].shape, row, generator)
        for name, value in source.probe_values.items():
            sample[name] = np.full_like(sample[name], value)
        samples.append(sample)
    return samples


def photo(shape: tuple[int, ...], row: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return a crop [1, height, width, 3] in -1..1 of scikit-learn's sample photographs."""
    images = need("sklearn.datasets").load_sample_images().images
    image = images[row % len(images)]
    height, width = shape[1:3]
    largest = min(image.shape[0] // height, image.shape[1] // width)
    step = int(generator.integers(1, 1 + largest))
    top = int(generator.integers(0, image.shape[0] - height * step + 1))
    left = int(generator.integers(0, image.shape[1] - width * step + 1))
    crop = image[top : top + height * step : step, left : left + width * step : step]
    return np.asarray(crop[None] / 127.5 - 1, dtype=np.float32)


def sound(shape: tuple[int, ...], row: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return synthetic sound [1, samples] at 16 kHz: a harmonic tone in noise.

    Synthetic, because no recording of a person may be distributed. A voice detector's variants are
    compared with each other on it, never scored.
    """
    samples = shape[-1]
    time = np.arange(samples) / _RATE
    pitch = generator.uniform(90, 250)
    voiced = np.sum([np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)], axis=0)
    mix = (row % 4) / 3
    mixed = mix * voiced + (1 - mix) * generator.normal(0, 1, samples)
    loud = 0.3 * generator.uniform(0.05, 1)
    return np.asarray(np.clip(loud * mixed, -1, 1), dtype=np.float32).reshape(shape)
