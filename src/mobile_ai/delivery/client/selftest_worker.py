"""Worker process of the self-test: runs one model on the inputs from standard input.

Started as `python -m mobile_ai.delivery.client.selftest_worker`.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import numpy as np

_MEMORY: Final = 4 << 30  # bytes of address space: a kilobyte of ONNX can ask for terabytes
_SECONDS: Final = 60
_WARM_UP: Final = 20
_KINDS: Final = {  # of ONNX inputs; any other is 32-bit float
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


class _Runtime(Protocol):
    """A loaded model; inputs are set before it runs."""

    def give(self, inputs: Mapping[str, Any]) -> None:
        """Set the inputs of the next runs."""

    def run(self) -> None:
        """Run once."""

    def answers(self) -> list[Any]:
        """Return the outputs of the last run."""


def main() -> int:
    """Print the outputs by case as JSON, or milliseconds by run if the task has ``runs``."""
    _limit()
    task = json.load(sys.stdin)
    kind = _Litert if task["format"] == "tflite" else _Onnx
    runtime: _Runtime = kind(task["model"])
    cases = [{name: _array(item) for name, item in case.items()} for case in task["cases"]]
    runs = task.get("runs", 0)
    json.dump(_timed(runtime, cases[0], runs) if runs else _answers(runtime, cases), sys.stdout)
    return 0


def _answers(runtime: _Runtime, cases: Iterable[Mapping[str, Any]]) -> list[list[float]]:
    answers = []
    for inputs in cases:
        runtime.give(inputs)
        runtime.run()
        answers.append([float(value) for item in runtime.answers() for value in item.reshape(-1)])
    return answers


def _timed(runtime: _Runtime, inputs: Mapping[str, Any], runs: int) -> list[float]:
    """Return the latency of each run in milliseconds, after warm-up runs."""
    runtime.give(inputs)
    for _ in range(_WARM_UP):
        runtime.run()
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        runtime.run()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415  # not on every platform
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    if sys.platform == "linux":  # macOS counts shared libraries towards RLIMIT_AS
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _array(item: Mapping[str, Any]) -> Any:
    raw = base64.b64decode(item["data"], validate=True)
    return np.frombuffer(raw, "<f4").reshape(item["shape"])


class _Litert:
    def __init__(self, path: str) -> None:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  # one runtime is enough

        self._model = Interpreter(model_path=path, num_threads=1)
        self._model.allocate_tensors()

    def give(self, inputs: Mapping[str, Any]) -> None:
        details = self._model.get_input_details()
        names = self._signature_names()
        ordered = _ordered(inputs, [names.get(item["index"], item["name"]) for item in details])
        for detail, value in zip(details, ordered, strict=True):
            self._model.set_tensor(detail["index"], _to(value, detail["dtype"], detail))

    def _signature_names(self) -> dict[int, str]:
        """Return signature names by tensor index, as the builder uses them.

        The tensor's own name may be that of another input.
        """
        return {
            item["index"]: name
            for key in self._model.get_signature_list()
            for name, item in self._model.get_signature_runner(key).get_input_details().items()
        }

    def run(self) -> None:
        self._model.invoke()

    def answers(self) -> list[Any]:
        details = self._model.get_output_details()
        return [_from(self._model.get_tensor(item["index"]), item) for item in details]


def _to(value: Any, kind: Any, detail: Mapping[str, Any]) -> Any:
    scale, zero = detail["quantization"]
    if scale:
        info = np.iinfo(kind)
        # Rounded before the zero point is added, as the builder does: halves round to even.
        return np.clip(np.round(value / scale) + zero, info.min, info.max).astype(kind)
    return value.astype(kind)


def _from(value: Any, detail: Mapping[str, Any]) -> Any:
    scale, zero = detail["quantization"]
    return (value.astype(np.float32) - zero) * scale if scale else value.astype(np.float32)


class _Onnx:
    def __init__(self, path: str) -> None:
        import onnxruntime  # noqa: PLC0415  # one runtime is enough

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(path, options, providers=providers)
        self._given: dict[str, Any] = {}
        self._answers: list[Any] = []

    def give(self, inputs: Mapping[str, Any]) -> None:
        specs = self._session.get_inputs()
        ordered = zip(specs, _ordered(inputs, [item.name for item in specs]), strict=True)
        self._given = {
            item.name: value.astype(_KINDS.get(item.type, np.float32)) for item, value in ordered
        }

    def run(self) -> None:
        self._answers = list(self._session.run(None, self._given))

    def answers(self) -> list[Any]:
        return self._answers


def _ordered(inputs: Mapping[str, Any], names: list[str]) -> list[Any]:
    """Return the values in the order of a model's inputs; converters may decorate the names."""
    if len(inputs) == 1 and len(names) == 1:
        return list(inputs.values())
    if sorted(inputs) == sorted(names):
        return [inputs[name] for name in names]
    found = [[key for key in inputs if key == name or key in name] for name in names]
    return [inputs[max(keys, key=len)] for keys in found]


if __name__ == "__main__":
    sys.exit(main())
