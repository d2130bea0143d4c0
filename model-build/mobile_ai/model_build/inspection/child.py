"""Child process that loads an untrusted file; started by ``sandbox``.

The libraries are imported before the limits are set, so that the limits apply to the file alone.
The result is one JSON object on standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mobile_ai.model_build.errors import ModelBuildError, need
from mobile_ai.model_build.inspection.limits import InspectionLimits
from mobile_ai.model_build.inspection.onnx_file import onnx_operators
from mobile_ai.model_build.inspection.tflite_file import tflite_operators

_NUMPY = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


def main(arguments: list[str]) -> int:
    """Check, load and run one file; print the result as JSON."""
    file_format, path, memory, seconds, shapes = arguments
    limits = InspectionLimits(memory_bytes=int(memory), seconds=int(seconds))
    runtime = need("ai_edge_litert.interpreter" if file_format == "tflite" else "onnxruntime")
    need("onnx" if file_format == "onnx" else "ai_edge_litert.schema_py_generated")
    _bind(limits)
    data = Path(path).read_bytes()
    try:
        if file_format == "tflite":
            operators = tflite_operators(data, limits=limits, name="the file")
            tensors = _run_tflite(runtime, data)
        else:
            operators = onnx_operators(data, limits=limits, name="the file")
            tensors = _run_onnx(runtime, data, json.loads(shapes))
    except ModelBuildError as error:
        print(json.dumps({"refused": str(error)}))
        return 1
    except Exception as error:  # noqa: BLE001  # any error of a runtime refuses the file
        print(json.dumps({"refused": f"{type(error).__name__}: {str(error)[:500]}"}))
        return 1
    print(json.dumps({"operators": operators, **tensors}))
    return 0


def _bind(limits: InspectionLimits) -> None:
    """Lower this process's resource limits; macOS does not support or enforce all of them."""
    import resource  # noqa: PLC0415  # absent on Windows, which is not supported

    wanted = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 1_000_000,
    }
    for kind, value in wanted.items():
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            # The parent enforces memory and time as well.
            continue


def _run_tflite(runtime: Any, data: bytes) -> dict[str, Any]:
    interpreter = runtime.Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    numpy = need("numpy")
    inputs = interpreter.get_input_details()
    for item in inputs:
        interpreter.set_tensor(item["index"], numpy.zeros(item["shape"], item["dtype"]))
    interpreter.invoke()
    return {
        "inputs": [_tflite_tensor(item) for item in inputs],
        "outputs": [_tflite_tensor(item) for item in interpreter.get_output_details()],
    }


def _tflite_tensor(item: dict[str, Any]) -> dict[str, Any]:
    shape = [int(size) for size in item["shape"]]
    return {"name": item["name"], "type": item["dtype"].__name__, "shape": shape}


def _run_onnx(runtime: Any, data: bytes, shapes: dict[str, list[int]]) -> dict[str, Any]:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    inputs = [_onnx_tensor(item) for item in session.get_inputs()]
    numpy = need("numpy")
    feed = {
        item["name"]: numpy.zeros(
            shapes.get(item["name"], [max(size, 1) for size in item["shape"]]), item["type"]
        )
        for item in inputs
    }
    session.run(None, feed)
    return {"inputs": inputs, "outputs": [_onnx_tensor(item) for item in session.get_outputs()]}


def _onnx_tensor(item: Any) -> dict[str, Any]:
    shape = [size if isinstance(size, int) else -1 for size in item.shape]
    return {"name": item.name, "type": _NUMPY.get(item.type, item.type), "shape": shape}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
