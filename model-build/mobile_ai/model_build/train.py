"""Deterministic training and fine-tuning of Keras models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.augment import augment
from mobile_ai.model_build.keras_env import keras, make_deterministic
from mobile_ai.model_build.networks import build_network
from mobile_ai.model_build.recipe import TrainSpec
from mobile_ai.model_build.rows import Rows

Tick = Callable[[int, int], None]
"""Receives the epoch and the number of epochs."""


def new_network(kind: str, rows: Rows, *, classes: int, seed: int) -> Any:
    """Return an untrained network for these rows, with seeded weights."""
    make_deterministic(seed)
    shapes = {name: values.shape[1:] for name, values in rows.inputs.items()}
    return build_network(kind, shapes, classes)


def fit(
    model: Any,
    rows: Rows,
    plan: TrainSpec,
    *,
    seed: int,
    tick: Tick | None = None,
    callbacks: tuple[Any, ...] = (),
) -> None:
    """Train a model in place, with new augmentation in each epoch.

    Args:
        model: The network; it is modified.
        rows: Training rows.
        plan: Epochs, rates, augmentation.
        seed: Seed of row order and augmentation.
        tick: Called with (epochs done, total epochs).
        callbacks: Keras callbacks.
    """
    k = keras()
    steps = max(1, len(rows) // plan.batch_size) * plan.epochs
    end = plan.end_learning_rate / plan.learning_rate
    rate = k.optimizers.schedules.CosineDecay(plan.learning_rate, steps, alpha=end)
    # The average spans about the last quarter of the run, which smooths the noise of single steps.
    optimizer = k.optimizers.Adam(rate, use_ema=plan.average, ema_momentum=1 - 4 / max(steps, 5))
    loss = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, weighted_metrics=[])
    generator = np.random.default_rng(seed)
    weights = reweigh(rows, plan.reweigh) if plan.reweigh else np.ones(len(rows))
    for epoch in range(plan.epochs):
        order = generator.permutation(len(rows))
        shuffled = rows.take(order)
        inputs = list(augment(shuffled.inputs, plan.augment, generator).values())
        model.fit(
            inputs,
            shuffled.labels,
            sample_weight=weights[order],
            batch_size=plan.batch_size,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )
        if tick:
            tick(epoch + 1, plan.epochs)
    if plan.average:
        optimizer.finalize_variable_values(model.trainable_variables)


def reweigh(rows: Rows, attribute: str) -> NDArray[np.float64]:
    """Return row weights under which group and label are statistically independent.

    Kamiran and Calders, "Data preprocessing techniques for classification without
    discrimination", 2012: P(group) P(label) / P(group, label).
    """
    groups = rows.groups[attribute]
    weights = np.ones(len(rows))
    for group in np.unique(groups):
        for label in np.unique(rows.labels):
            both = (groups == group) & (rows.labels == label)
            if both.any():
                alone = np.mean(groups == group) * np.mean(rows.labels == label)
                weights[both] = alone / both.mean()
    return weights


def weights_digest(model: Any) -> str:
    """Return the SHA-256 of all weights, by name, shape and little-endian content."""
    digest = hashlib.sha256()
    for variable in model.weights:
        values = np.ascontiguousarray(variable.numpy())
        digest.update(f"{variable.name}|{values.dtype.str}|{values.shape}|".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
