"""Adapts a trained network before quantisation: pruning and quantisation-aware training."""

from __future__ import annotations

from typing import Any

from mobile_ai.model_build import train as training
from mobile_ai.model_build.errors import RecipeError, need
from mobile_ai.model_build.keras_env import keras, make_deterministic
from mobile_ai.model_build.recipe import TrainSpec
from mobile_ai.model_build.rows import Rows

SPARSITY = 0.5
"""Share of weights that pruning sets to zero."""


def adapt(model: Any, how: str, rows: Rows, plan: TrainSpec, *, seed: int) -> Any:
    """Return an adapted copy of a network; the network itself is not changed.

    Args:
        model: A trained network.
        how: `pruned` (half of the weights of every layer that has many, fine-tuned), `qat`
            (trained with fake quantisation) or `dense` (the same additional training without
            either: the control that separates the cost of pruning from the gain of training).
        rows: Training rows.
        plan: The recipe's training; runs for `adapt_epochs` from `adapt_learning_rate`.
        seed: Seed of row order and augmentation.

    Raises:
        RecipeError: If `how` is unknown.
    """
    make_deterministic(seed)
    gentle = plan.model_copy(
        update={
            "epochs": plan.adapt_epochs,
            "learning_rate": plan.adapt_learning_rate,
            "end_learning_rate": 0.0,
            "average": False,
        }
    )
    if how == "pruned":
        return _prune(model, rows, gentle, seed)
    if how == "qat":
        return _qat(model, rows, gentle, seed)
    if how == "dense":
        copy = keras().models.clone_model(model)
        copy.set_weights(model.get_weights())
        training.fit(copy, rows, gentle, seed=seed)
        return copy
    raise RecipeError(
        f"adapt: {how}", got=how, expected="pruned, qat or dense", next_step="correct the variant"
    )


def sparsity(model: Any) -> float:
    """Return the share of exact zeros among the weights of all kernels."""
    kernels = [v.numpy() for v in model.trainable_variables if len(v.shape) > 1]
    zeros = sum(int((kernel == 0).sum()) for kernel in kernels)
    return zeros / sum(int(kernel.size) for kernel in kernels)


def _prune(model: Any, rows: Rows, plan: TrainSpec, seed: int) -> Any:
    tfmot = need("tensorflow_model_optimization")
    prune = tfmot.sparsity.keras
    steps = max(1, len(rows) // plan.batch_size) * plan.epochs
    # Half of the run fine-tunes at the final sparsity:
    # https://www.tensorflow.org/model_optimization/guide/pruning/comprehensive_guide
    schedule = prune.PolynomialDecay(
        0.2, SPARSITY, 0, max(1, steps // 2), frequency=max(1, steps // 20)
    )

    def choose(layer: Any) -> Any:
        # Depthwise kernels and the stem have few weights and much effect: not pruned.
        many = layer.count_params() > 1000  # noqa: PLR2004
        # A new layer instance: a shared one would train the original model's weights.
        fresh = layer.__class__.from_config(layer.get_config())
        return prune.prune_low_magnitude(fresh, pruning_schedule=schedule) if many else fresh

    copy = keras().models.clone_model(model, clone_function=choose)
    copy.set_weights(_matching_weights(copy, model))
    training.fit(copy, rows, plan, seed=seed, callbacks=(prune.UpdatePruningStep(),))
    return prune.strip_pruning(copy)


def _matching_weights(copy: Any, model: Any) -> list[Any]:
    """Return the copy's weights, with the model's values where names and shapes match.

    Pruning wrappers add masks and thresholds, which keep their initial values.
    """
    known = {variable.name: variable.numpy() for variable in model.weights}
    result = []
    for variable in copy.weights:
        name = variable.name
        found = next((known[key] for key in known if name.endswith(key)), None)
        same = found is not None and found.shape == tuple(variable.shape)
        result.append(found if same else variable.numpy())
    return result


def _qat(model: Any, rows: Rows, plan: TrainSpec, seed: int) -> Any:
    tfmot = need("tensorflow_model_optimization")
    copy = keras().models.clone_model(model)
    copy.set_weights(model.get_weights())
    aware = tfmot.quantization.keras.quantize_model(copy)
    training.fit(aware, rows, plan, seed=seed)
    return aware
