"""Networks of the sample recipes: small, with operations that every runtime supports.

Each is a function from input shapes and the number of classes to a Keras model that returns logits.
Layer names are part of the interface: recipes refer to them in `keep`, and a fine-tuned version
matches its parent's tensors by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mobile_ai.model_build.keras_env import keras

_Shapes = Mapping[str, tuple[int, ...]]


def build_network(kind: str, shapes: _Shapes, classes: int) -> Any:
    """Return an untrained network.

    Args:
        kind: A key of `NETWORKS`.
        shapes: Input name to shape without the batch.
        classes: Number of logits.

    Raises:
        KeyError: If the kind is unknown.
    """
    return NETWORKS[kind](shapes, classes)


def depthwise_cnn(shapes: _Shapes, classes: int) -> Any:
    """Return three depthwise-separable blocks and a dense layer that holds most weights.

    With most weights in one dense tensor the file has little overhead, and every runtime has
    four-bit kernels for dense layers.
    """
    k = keras()
    inputs = _inputs(shapes)
    x = _conv(inputs[0], 16, 3, name="stem", strides=2)
    for number, (width, stride) in enumerate(((32, 1), (48, 2), (32, 1))):
        x = _separable(x, width, stride, f"block{number}")
    x = k.layers.Flatten(name="flatten")(x)
    return _head(inputs, x, hidden=64, classes=classes)


def sequence_cnn(shapes: _Shapes, classes: int) -> Any:
    """Return separable convolutions over time with average pooling, for audio features."""
    inputs = _inputs(shapes)
    x = _sequence(inputs[0], "audio", widths=(48, 64))
    return _head(inputs, x, hidden=48, classes=classes)


def two_sensor_cnn(shapes: _Shapes, classes: int) -> Any:
    """Return one convolutional branch per sensor, concatenated before the dense layer."""
    k = keras()
    inputs = _inputs(shapes)
    branches = [_sequence(each, each.name, widths=(24, 32)) for each in inputs]
    x = k.layers.Concatenate(name="join")(branches)
    return _head(inputs, x, hidden=32, classes=classes)


def tabular_mlp(shapes: _Shapes, classes: int) -> Any:
    """Return a perceptron with two hidden layers, for tabular rows."""
    k = keras()
    inputs = _inputs(shapes)
    x = k.layers.Dense(64, activation="relu", name="wide")(inputs[0])
    return _head(inputs, x, hidden=32, classes=classes)


def byte_cnn(shapes: _Shapes, classes: int) -> Any:
    """Return a byte embedding with convolutions, for text in any script."""
    k = keras()
    inputs = _inputs(shapes, dtype="int32")
    x = k.layers.Embedding(256, 24, name="bytes")(inputs[0])
    x = k.layers.Reshape((1, -1, 24), name="row")(x)
    x = _conv(x, 64, (1, 4), name="grams")
    x = _conv(x, 96, (1, 4), name="words", strides=2)
    x = k.layers.GlobalMaxPooling2D(name="pool")(x)
    return _head(inputs, x, hidden=64, classes=classes)


NETWORKS: Mapping[str, Callable[[_Shapes, int], Any]] = {
    "byte-cnn": byte_cnn,
    "depthwise-cnn": depthwise_cnn,
    "sequence-cnn": sequence_cnn,
    "tabular-mlp": tabular_mlp,
    "two-sensor-cnn": two_sensor_cnn,
}
"""Network builders by the name in a recipe."""


def _inputs(shapes: _Shapes, dtype: str = "float32") -> list[Any]:
    k = keras()
    return [k.Input(shape, name=name, dtype=dtype) for name, shape in shapes.items()]


def _head(inputs: list[Any], x: Any, *, hidden: int, classes: int) -> Any:
    k = keras()
    x = k.layers.Dense(hidden, activation="relu", name="hidden")(x)
    x = k.layers.Dropout(0.3, name="dropout")(x)
    # An explicit name: Keras's default counts the models built in the process.
    return k.Model(inputs, k.layers.Dense(classes, name="logits")(x), name="network")


def _conv(x: Any, width: int, size: Any, *, name: str, strides: int = 1) -> Any:
    layer = keras().layers.Conv2D(
        width,
        size,
        strides=strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )
    return layer(x)


def _depthwise(x: Any, size: tuple[int, int], *, name: str, strides: int = 1) -> Any:
    k = keras()
    # Keras counts every channel as fan-in, but a depthwise filter has one: the default initializer
    # is so small that the network does not learn for many epochs.
    start = k.initializers.TruncatedNormal(stddev=(size[0] * size[1]) ** -0.5)
    layer = k.layers.DepthwiseConv2D(
        size, strides=strides, padding="same", depthwise_initializer=start, name=name
    )
    return layer(x)


def _separable(x: Any, width: int, stride: int, name: str) -> Any:
    x = _depthwise(x, (3, 3), name=f"{name}_depth", strides=stride)
    return _conv(x, width, 1, name=f"{name}_point")


def _sequence(x: Any, name: str, *, widths: tuple[int, ...]) -> Any:
    """Convolve over time as images of height 1: quantisers support 2-D layers best."""
    k = keras()
    steps, channels = x.shape[1], x.shape[2]
    x = k.layers.Reshape((1, steps, channels), name=f"{name}_row")(x)
    x = _conv(x, widths[0], (1, 5), name=f"{name}_stem")
    for number, width in enumerate(widths):
        x = _depthwise(x, (1, 5), name=f"{name}_depth{number}")
        x = _conv(x, width, 1, name=f"{name}_point{number}")
        x = k.layers.AveragePooling2D((1, 2), padding="same", name=f"{name}_half{number}")(x)
    return k.layers.Flatten(name=f"{name}_flat")(x)
