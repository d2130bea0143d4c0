"""Quantises a fine-tuned model with its parent's scales, by replacing weights in the parent's file.

With equal scales an unchanged weight has an equal integer, so that the files differ only where
training changed weights and the patch between them is small. The result is the parent's file with
other integers; layout, graph and activation ranges are unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mobile_ai.model_build.errors import ModelBuildError, need

# TensorType in the TFLite schema.
_FLOAT32, _INT32, _INT8, _INT4 = 0, 2, 9, 17
_LIMITS = {_INT32: 2**31 - 1, _INT8: 127, _INT4: 7}


def rescale_tflite(model: bytes, parent: bytes) -> bytes:
    """Return the parent's quantised file with the new model's weights.

    Args:
        model: The fine-tuned model as a float32 TFLite file.
        parent: The parent's quantised TFLite file, of the same network.

    Raises:
        ModelBuildError: If a quantised tensor of the parent is not in the new model.
    """
    schema = need("ai_edge_litert.schema_py_generated")
    result = bytearray(parent)
    floats = dict(_float_tensors(schema.Model.GetRootAs(model)))
    target = schema.Model.GetRootAs(result)
    graph = target.Subgraphs(0)
    for number in range(graph.TensorsLength()):
        tensor = graph.Tensors(number)
        stored = target.Buffers(tensor.Buffer()).DataAsNumpy()
        scales = tensor.Quantization().ScaleAsNumpy() if tensor.Quantization() else 0
        if isinstance(stored, int) or isinstance(scales, int):
            continue  # flatbuffers returns 0 for a missing vector: no constant, or not quantised
        name = tensor.Name().decode()
        values = _same(floats, name, tuple(tensor.ShapeAsNumpy()))
        axis = tensor.Quantization().QuantizedDimension()
        integers = _integers(values, scales, axis, _LIMITS[tensor.Type()])
        stored[:] = _packed(integers, tensor.Type())  # a view: writes into `result`
    return bytes(result)


def rescale_onnx(model: bytes, parent: bytes) -> bytes:
    """Return the parent's QDQ file with the new model's weights; see `rescale_tflite`."""
    onnx = need("onnx")
    numpy_helper = need("onnx.numpy_helper")
    source, target = onnx.load_from_string(model), onnx.load_from_string(parent)
    floats = {each.name: numpy_helper.to_array(each) for each in source.graph.initializer}
    stored = {each.name: each for each in target.graph.initializer}
    axes = {
        node.input[0]: next((a.i for a in node.attribute if a.name == "axis"), 1)
        for node in target.graph.node
        if node.op_type == "DequantizeLinear"
    }
    for name, each in stored.items():
        if not name.endswith("_quantized"):
            continue
        plain = name.removesuffix("_quantized")
        scale = stored.get(f"{name}_scale") or stored[f"{plain}_scale"]
        scales = np.atleast_1d(numpy_helper.to_array(scale))
        old = numpy_helper.to_array(each)
        values = _same(floats, plain, old.shape)
        limit = 127 if old.dtype == np.int8 else 2**31 - 1
        axis = axes.get(name, 0) if scales.size > 1 else 0
        integers = _integers(values, scales, axis, limit).astype(old.dtype)
        each.CopyFrom(numpy_helper.from_array(integers, name))
    return bytes(target.SerializeToString(deterministic=True))


def _float_tensors(model: Any) -> Iterator[tuple[str, NDArray[np.float32]]]:
    graph = model.Subgraphs(0)
    for number in range(graph.TensorsLength()):
        tensor = graph.Tensors(number)
        data = model.Buffers(tensor.Buffer()).DataAsNumpy()
        if tensor.Type() == _FLOAT32 and not isinstance(data, int):
            shape = tuple(tensor.ShapeAsNumpy())
            yield tensor.Name().decode(), data.view(np.float32).reshape(shape)


def _same(floats: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    values = floats.get(name)
    if values is None or values.shape != shape:
        raise ModelBuildError(
            f"tensor {name}",
            got="none in the fine-tuned model" if values is None else f"shape {values.shape}",
            expected=f"shape {shape}, as in the parent",
            next_step="fine-tune the parent's own network, or train a new version from scratch",
        )
    return values


def _integers(
    values: NDArray[Any], scales: NDArray[Any], axis: int, limit: int
) -> NDArray[np.int64]:
    """Return weights divided by their channel's scale, rounded, clipped to the symmetric range."""
    shape = [1] * values.ndim
    if scales.size > 1:
        shape[axis] = scales.size
    steps = np.round(values.astype(np.float64) / scales.astype(np.float64).reshape(shape))
    return np.clip(steps, -limit, limit).astype(np.int64)


def _packed(integers: NDArray[np.int64], kind: int) -> NDArray[np.uint8]:
    if kind == _INT4:  # two per byte, the first in the low nibble
        halves = integers.reshape(-1) & 0xF
        halves = np.append(halves, 0) if halves.size % 2 else halves
        return (halves[0::2] | (halves[1::2] << 4)).astype(np.uint8)
    dtype = np.dtype("<i4") if kind == _INT32 else np.dtype(np.int8)
    return integers.astype(dtype).reshape(-1).view(np.uint8)
