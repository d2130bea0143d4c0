"""Runs shipped files with the runtimes that devices and servers use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mobile_ai.contracts.manifest import Dtype, TensorSpec
from mobile_ai.model_build.errors import ModelBuildError, need

_Arrays = Mapping[str, NDArray[Any]]
DTYPES: Final[Mapping[Dtype, str]] = {
    "FP32": "float32",
    "FP16": "float16",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT32": "int32",
    "INT64": "int64",
    "BOOL": "bool",
}
"""Element type in numpy by its name in a manifest."""
_WORDS: Final[Mapping[str, Dtype]] = {word: name for name, word in DTYPES.items()}
_ONNX_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}
_DISTRIBUTIONS = {"tflite": "ai-edge-litert", "onnx": "onnxruntime", "coreml": "coremltools"}


class Runner(Protocol):
    """A loaded file: its inputs, its outputs, and inference."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return the inputs in the order of the call."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return the outputs."""

    def once(self, inputs: _Arrays) -> list[NDArray[Any]]:
        """Run one inference, batch 1; quantised tensors are converted from and to float."""

    def prepared(self, inputs: _Arrays) -> Callable[[], object]:
        """Return a function that runs inference on these inputs, to be timed."""

    def many(self, inputs: _Arrays) -> list[NDArray[Any]]:
        """Run every row separately; return the concatenated outputs."""


def runtime_of(format_: str) -> str:
    """Return the Python distribution of the runtime for a format."""
    return _DISTRIBUTIONS[format_]


def unavailable(format_: str) -> str:
    """Return the reason why a format cannot run on this platform, empty if it can."""
    if format_ == "coreml":
        # coremltools predicts through macOS frameworks only.
        return "Core ML runs on Apple platforms only; its numbers are absent, not guessed"
    return ""


def load(path: Path, format_: str) -> Runner:
    """Return a loaded file, single-threaded.

    Raises:
        ModelBuildError: If there is no runtime for the format on this platform.
    """
    if format_ == "tflite":
        return LiteRtRunner(path)
    if format_ == "onnx":
        return OnnxRunner(path)
    raise ModelBuildError(
        f"{path.name}",
        got=f"format {format_}: {unavailable(format_) or 'without a runtime'}",
        expected="tflite or onnx",
        next_step="export it to one of these",
    )


class LiteRtRunner:
    """A TFLite file in LiteRT, one thread."""

    def __init__(self, path: Path) -> None:
        """Load the file and allocate its tensors."""
        interpreter = need("ai_edge_litert.interpreter").Interpreter
        self._engine: Any = interpreter(model_path=str(path), num_threads=1)
        self._engine.allocate_tensors()
        self._in = sorted(self._engine.get_input_details(), key=lambda each: each["name"])
        self._out = self._engine.get_output_details()
        self._names = self._signature_names()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return the inputs by signature name."""
        return tuple(_litert_spec(each, self._names[each["index"]]) for each in self._in)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return the outputs by signature name."""
        return tuple(_litert_spec(each, self._names[each["index"]]) for each in self._out)

    def once(self, inputs: _Arrays) -> list[NDArray[Any]]:
        """Run one inference; integer tensors are converted with the file's scale and zero point."""
        for each in self._in:
            values = inputs[self._names[each["index"]]]
            self._engine.set_tensor(each["index"], _to_tensor(values, each))
        self._engine.invoke()
        return [_from_tensor(self._engine.get_tensor(each["index"]), each) for each in self._out]

    def prepared(self, inputs: _Arrays) -> Callable[[], object]:
        """Set the inputs; return the interpreter's `invoke`."""
        self.once(inputs)
        call: Callable[[], object] = self._engine.invoke
        return call

    def many(self, inputs: _Arrays) -> list[NDArray[Any]]:
        """Run every row separately, as a phone does."""
        return _row_by_row(self, inputs)

    def _signature_names(self) -> dict[int, str]:
        """Map tensor indexes to the names of the signature, else to tensor names."""
        names = {each["index"]: each["name"] for each in [*self._in, *self._out]}
        for key in self._engine.get_signature_list():
            runner = self._engine.get_signature_runner(key)
            for details in (runner.get_input_details(), runner.get_output_details()):
                names |= {each["index"]: name for name, each in details.items()}
        return names


class OnnxRunner:
    """An ONNX file in onnxruntime on the CPU, one thread."""

    def __init__(self, path: Path) -> None:
        """Load the file."""
        ort = need("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._engine: Any = ort.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Return the inputs; a symbolic size is -1."""
        return tuple(_onnx_spec(each) for each in self._engine.get_inputs())

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Return the outputs; a symbolic size is -1."""
        return tuple(_onnx_spec(each) for each in self._engine.get_outputs())

    def once(self, inputs: _Arrays) -> list[NDArray[Any]]:
        """Run one inference."""
        return list(self._engine.run(None, dict(inputs)))

    def prepared(self, inputs: _Arrays) -> Callable[[], object]:
        """Return a function that runs the session on these inputs."""
        feed = dict(inputs)
        return lambda: self._engine.run(None, feed)

    def many(self, inputs: _Arrays) -> list[NDArray[Any]]:
        """Run every row separately, so that batching does not affect the results."""
        return _row_by_row(self, inputs)


def _row_by_row(runner: Runner, inputs: _Arrays) -> list[NDArray[Any]]:
    rows = len(next(iter(inputs.values())))
    found = [
        runner.once({name: values[row : row + 1] for name, values in inputs.items()})
        for row in range(rows)
    ]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _to_tensor(values: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero = details["quantization"]
    if np.issubdtype(details["dtype"], np.integer) and scale:
        limits = np.iinfo(details["dtype"])
        values = np.clip(np.round(values / scale) + zero, limits.min, limits.max)
    return np.asarray(values, dtype=details["dtype"])


def _from_tensor(values: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero = details["quantization"]
    if np.issubdtype(details["dtype"], np.integer) and scale:
        return np.asarray((values.astype(np.float32) - zero) * scale, dtype=np.float32)
    return values


def _litert_spec(details: Mapping[str, Any], name: str) -> TensorSpec:
    shape = tuple(int(size) for size in details["shape_signature"])
    return TensorSpec(name=name, dtype=_word(name, np.dtype(details["dtype"]).name), shape=shape)


def _onnx_spec(value: Any) -> TensorSpec:
    word = _word(value.name, _ONNX_TYPES.get(value.type, value.type))
    # A sequence or map, such as ZipMap's, has no shape; `_word` has refused its type.
    shape = tuple(size if isinstance(size, int) else -1 for size in value.shape)
    return TensorSpec(name=value.name, dtype=word, shape=shape)


def _word(name: str, kind: str) -> Dtype:
    """Return the manifest's name of a tensor type.

    Raises:
        ModelBuildError: If it has none.
    """
    if kind in _WORDS:
        return _WORDS[kind]
    raise ModelBuildError(
        f"tensor {name!r}",
        got=f"type {kind}",
        expected=f"one of {', '.join(_WORDS)}",
        next_step="export the model again with a cast to float32 (scikit-learn: FloatTensorType "
        "inputs and options zipmap=False)",
    )
