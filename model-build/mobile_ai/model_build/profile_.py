"""Profiles one inference: latency, memory, multiply-accumulates, energy.

Latency is measured in rounds with every variant in turn, so that load on the machine affects all
variants equally and ratios stay comparable even if absolute times do not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 15
"""Rounds of a latency measurement."""
RUNS = 20
"""Timed runs of a round."""
# Picojoules at 45 nm: M. Horowitz, "Computing's energy problem", ISSCC 2014, figure 1.1.9:
# multiply plus add (fp32 3.7 + 0.9, fp16 1.1 + 0.4, int8 0.2 + int32 0.1), DRAM 640 a word.
_MAC_PJ = {"fp32": 4.6, "fp16": 1.5, "int8": 0.3}
_DRAM_PJ_A_BYTE = 160.0
ENERGY_METHOD = (
    "estimate: MACs x (fp32 4.6 pJ, fp16 1.5 pJ, int8 0.3 pJ) + file bytes read once from DRAM "
    "x 160 pJ; constants at 45 nm, Horowitz, ISSCC 2014; no device was metered"
)
"""Description of the energy estimate, as the manifest states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds at the median and the 95th percentile, and the ratio to the reference."""

    p50_ms: float
    p95_ms: float
    ratio: float


def latencies(
    calls: Mapping[str, Callable[[], object]], *, reference: str, rounds: int = ROUNDS
) -> dict[str, Latency]:
    """Time the calls in interleaved rounds; `ratio` is the median over rounds of median ratios.

    Args:
        calls: Function that runs one inference, by variant name.
        reference: Variant that is the denominator of the ratios.
        rounds: Number of rounds.
    """
    times: dict[str, list[list[float]]] = {name: [] for name in calls}
    for call in calls.values():
        _timed(call)  # warm-up: caches and lazy allocation
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(_timed(call))
    base = np.median(times[reference], axis=1)
    return {
        name: Latency(
            p50_ms=float(np.median(runs)),
            p95_ms=float(np.percentile(runs, 95)),
            ratio=float(np.median(np.median(runs, axis=1) / base)),
        )
        for name, runs in times.items()
    }


def energy_mj(macs: Mapping[str, int], size: int) -> float:
    """Return millijoules of one inference; see `ENERGY_METHOD`.

    Args:
        macs: Multiply-accumulates by arithmetic type (`fp32`, `fp16`, `int8`).
        size: Size of the file in bytes.
    """
    picojoules = sum(count * _MAC_PJ[kind] for kind, count in macs.items())
    return (picojoules + size * _DRAM_PJ_A_BYTE) / 1e9


def peak_memory(
    path: Path, format_: str, sample: Mapping[str, NDArray[Any]] | None = None
) -> int | None:
    """Return the growth in bytes of a new process that loads and runs a file.

    ``None`` if the child process fails.
    """
    command = [sys.executable, "-m", "mobile_ai.model_build.memory_probe", str(path), format_]
    with tempfile.TemporaryDirectory() as folder:
        if sample:
            # Numbered: an input's name may clash with a parameter of `np.savez` (`file`).
            numbered = {f"_{n}": value for n, value in enumerate(sample.values())}
            names = np.array(list(sample))
            np.savez(Path(folder) / "sample.npz", names=names, **numbered)  # type: ignore[arg-type]
            command.append(str(Path(folder) / "sample.npz"))
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return None
    return int(json.loads(done.stdout)["bytes"])


def _timed(call: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter_ns()
        call()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return times
