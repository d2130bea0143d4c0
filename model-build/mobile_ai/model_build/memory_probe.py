"""Measures the memory of loading and running one file, as the main module of a new process."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from mobile_ai.model_build.errors import need
from mobile_ai.model_build.runtime import load
from mobile_ai.model_build.synthetic_inputs import generated_inputs

_RUNS = 5
_MODULES = {"tflite": "ai_edge_litert.interpreter", "onnx": "onnxruntime"}


def main(path: str, format_: str, sample: str = "") -> None:
    """Print `{"bytes": growth}`: the peak resident set size minus that before loading.

    The peak is reset before loading: importing the runtime takes more memory than a small model,
    which would mask it.
    """
    need(_MODULES[format_])
    process = need("psutil").Process()
    reset = _reset_peak()
    before = process.memory_info().rss
    runner = load(Path(path), format_)
    inputs = _read(sample) if sample else generated_inputs(runner.inputs, rows=1, seed=0)
    seen = [process.memory_info().rss]
    for _ in range(_RUNS):
        runner.once(inputs)
        seen.append(process.memory_info().rss)
    peak = _peak() if reset else 0
    print(json.dumps({"bytes": max(0, *seen, peak) - before}))


def _reset_peak() -> bool:
    """Reset the kernel's mark of the peak, where there is one (proc(5), `clear_refs`)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return False
    return True


def _peak() -> int:
    """Return the peak resident set size since the reset, in bytes."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (mark,) = (line for line in lines if line.startswith("VmHWM:"))
    return 1024 * int(mark.split()[1])


def _read(path: str) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as stored:
        return {str(name): stored[f"_{n}"] for n, name in enumerate(stored["names"])}


if __name__ == "__main__":
    main(*sys.argv[1:4])
