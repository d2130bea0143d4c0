"""`python -m delivery.client.selftest_worker`: run one model on the inputs on standard input."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

__all__ = ["main"]

_MEMORY: Final = 4 << 30  # bytes of address space: a kilobyte of ONNX can ask for terabytes
_SECONDS: Final = 60


def main() -> int:
    """Answer on standard output."""
    _limit()
    task = json.load(sys.stdin)
    run = _litert(task["model"]) if task["format"] == "tflite" else _onnx(task["model"])
    answers = []
    for case in task["cases"]:
        inputs = {name: _array(item) for name, item in case.items()}
        outputs = run(inputs)
        answers.append([float(value) for item in outputs for value in item.reshape(-1)])
    json.dump(answers, sys.stdout)
    return 0


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415  # not on every platform
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    if sys.platform == "linux":  # macOS counts shared libraries against it
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _array(item: Mapping[str, Any]) -> Any:
    raw = base64.b64decode(item["data"], validate=True)
    return np.frombuffer(raw, "<f4").reshape(item["shape"])


def _litert(path: str) -> Any:
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  # one runtime is enough

    interpreter = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()

    def run(inputs: Mapping[str, Any]) -> list[Any]:
        for detail, value in zip(
            details, _ordered(inputs, [i["name"] for i in details]), strict=True
        ):
            interpreter.set_tensor(detail["index"], _to(value, detail["dtype"], detail))
        interpreter.invoke()
        return [_from(interpreter.get_tensor(item["index"]), item) for item in _outputs()]

    def _outputs() -> Any:
        return interpreter.get_output_details()

    return run


def _to(value: Any, kind: Any, detail: Mapping[str, Any]) -> Any:
    scale, zero = detail["quantization"]
    if scale:
        info = np.iinfo(kind)
        return np.clip(np.round(value / scale + zero), info.min, info.max).astype(kind)
    return value.astype(kind)


def _from(value: Any, detail: Mapping[str, Any]) -> Any:
    scale, zero = detail["quantization"]
    return (value.astype(np.float32) - zero) * scale if scale else value.astype(np.float32)


def _onnx(path: str) -> Any:
    import onnxruntime  # noqa: PLC0415  # one runtime is enough

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]
    kinds = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float16)": np.float16}
    types = {item.name: kinds.get(item.type, np.float32) for item in session.get_inputs()}

    def run(inputs: Mapping[str, Any]) -> list[Any]:
        ordered = zip(names, _ordered(inputs, names), strict=True)
        return list(session.run(None, {name: value.astype(types[name]) for name, value in ordered}))

    return run


def _ordered(inputs: Mapping[str, Any], names: list[str]) -> list[Any]:
    """Return the values in the order of a model's inputs; converters decorate their names."""
    if len(inputs) == 1 and len(names) == 1:
        return list(inputs.values())
    found = [[key for key in inputs if key == name or key in name] for name in names]
    return [inputs[max(keys, key=len)] for keys in found]


if __name__ == "__main__":
    sys.exit(main())
