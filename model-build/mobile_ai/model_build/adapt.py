"""Adapts a trained network before quantisation: pruning, fake quantisation, low-bit training."""

from __future__ import annotations

from typing import Any

from mobile_ai.model_build import train as training
from mobile_ai.model_build.errors import RecipeError, need
from mobile_ai.model_build.keras_env import keras, make_deterministic
from mobile_ai.model_build.quantize_spec import SPARSITY, LayerSpec
from mobile_ai.model_build.recipe import TrainSpec
from mobile_ai.model_build.rows import Rows

_KERAS = {"dense": "Dense", "conv": "Conv2D"}


def adapt(
    model: Any,
    how: str,
    rows: Rows,
    plan: TrainSpec,
    *,
    seed: int,
    sparsity: float = SPARSITY,
    layers: tuple[LayerSpec, ...] = (),
) -> Any:
    """Return an adapted copy of a network; the network itself is not changed.

    Args:
        model: A trained network.
        how: `pruned` (a share of the weights of every layer that has many, fine-tuned), `qat`
            (trained with fake quantisation), `low-bit` (trained with weights on the grid of
            their bits) or `dense` (the same additional training without any: the control that
            separates the cost of the others from the gain of training).
        rows: Training rows.
        plan: The recipe's training; runs for `adapt_epochs` from `adapt_learning_rate`, but
            `low-bit` as long as the training itself: its weights have to move to another grid.
        seed: Seed of row order and augmentation.
        sparsity: Share of weights that `pruned` sets to zero.
        layers: Bits of the layers that `low-bit` trains.

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
        return _prune(model, rows, gentle, seed, sparsity)
    if how == "low-bit":
        return _low_bit(model, rows, plan, seed, layers)
    if how == "qat":
        return _qat(model, rows, gentle, seed)
    if how == "dense":
        copy = keras().models.clone_model(model)
        copy.set_weights(model.get_weights())
        training.fit(copy, rows, gentle, seed=seed)
        return copy
    raise RecipeError(
        f"adapt: {how}",
        got=how,
        expected="pruned, qat, low-bit or dense",
        next_step="correct the variant in the recipe",
    )


def sparsity(model: Any) -> float:
    """Return the share of exact zeros among the weights of all kernels."""
    kernels = [v.numpy() for v in model.trainable_variables if len(v.shape) > 1]
    zeros = sum(int((kernel == 0).sum()) for kernel in kernels)
    return zeros / sum(int(kernel.size) for kernel in kernels)


def _prune(model: Any, rows: Rows, plan: TrainSpec, seed: int, target: float) -> Any:
    tfmot = need("tensorflow_model_optimization")
    prune = tfmot.sparsity.keras
    steps = max(1, len(rows) // plan.batch_size) * plan.epochs
    # Half of the run fine-tunes at the final sparsity:
    # https://www.tensorflow.org/model_optimization/guide/pruning/comprehensive_guide
    schedule = prune.PolynomialDecay(
        min(0.2, target), target, 0, max(1, steps // 2), frequency=max(1, steps // 20)
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


def _low_bit(
    model: Any, rows: Rows, plan: TrainSpec, seed: int, layers: tuple[LayerSpec, ...]
) -> Any:
    """Train with weights rounded to their grid (straight-through), then keep the float weights.

    The grid is the quantizer's: symmetric, by output channel, scaled to the largest weight. So the
    file that is quantised afterwards holds the weights that were trained for.
    """
    quantization = need("tensorflow_model_optimization").quantization.keras
    bits = {_KERAS[item.operation]: item.bits for item in layers if item.trainable}
    config = _weights_only(quantization)

    def choose(layer: Any) -> Any:
        fresh = layer.__class__.from_config(layer.get_config())
        found = bits.get(layer.__class__.__name__)
        return quantization.quantize_annotate_layer(fresh, config(found)) if found else fresh

    copy = keras().models.clone_model(model, clone_function=choose)
    with quantization.quantize_scope({config.__name__: config}):
        aware = quantization.quantize_apply(copy)
    aware.set_weights(_matching_weights(aware, model))
    training.fit(aware, rows, plan.model_copy(update={"average": False}), seed=seed)
    result = keras().models.clone_model(model)
    trained = {variable.name.replace("quant_", ""): variable.numpy() for variable in aware.weights}
    result.set_weights([_named(trained, variable) for variable in result.weights])
    return result


def _named(trained: dict[str, Any], variable: Any) -> Any:
    """Return the trained value of a variable; wrappers put a name before the layer's own."""
    tail = "/".join(variable.name.split("/")[-2:])
    (found,) = (value for name, value in trained.items() if f"/{name}".endswith(f"/{tail}"))
    return found


def _weights_only(quantization: Any) -> Any:
    """Return a configuration of tfmot that quantises a layer's kernel and nothing else."""

    class WeightsOnly(quantization.QuantizeConfig):  # type: ignore[misc]  # has no types
        def __init__(self, bits: int) -> None:
            self.bits = bits
            self._grid = quantization.quantizers.LastValueQuantizer(
                num_bits=bits, per_axis=True, symmetric=True, narrow_range=True
            )

        def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Any]]:
            return [(layer.kernel, self._grid)]

        def get_activations_and_quantizers(self, layer: Any) -> list[Any]:  # noqa: ARG002
            return []

        def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
            (layer.kernel,) = quantize_weights

        def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
            pass

        def get_output_quantizers(self, layer: Any) -> list[Any]:  # noqa: ARG002
            return []

        def get_config(self) -> dict[str, int]:
            return {"bits": self.bits}

    return WeightsOnly
