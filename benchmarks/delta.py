"""Weight patches: size of a fine-tune's patch, and cost of applying it."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._finetune import RELEASED, Tuned, fine_tunes, show
from benchmarks._row import Row
from mobile_ai.delivery.delta import best_patch, candidates
from mobile_ai.delivery.delta.tensors import find_tensors

__all__ = ["IDS", "rows"]

IDS = (
    "delta.finetune_vs_int8",
    "delta.finetune_vs_best_general",
    "delta.finetune_gain_low_pt",
    "delta.finetune_weights_moved",
    "delta.rate_1e-03_vs_int8",
    "delta.rate_1e-04_vs_int8",
    "delta.rate_1e-05_vs_int8",
    "delta.apply_memory",
    "delta.head_only_vs_int8",
)
_TENSOR = (1_024, 4_096)
_MOVED = 0.3


def rows() -> Iterator[Row]:
    """Train the sample fine-tune at several rates, patch every variant, apply a large patch."""
    found = list(fine_tunes())
    show(found)
    yield from _released([item for item in found if item.rate == RELEASED])
    for item in found:
        if item.variant == "int8" and item.rate != RELEASED:
            yield Row(
                id=f"delta.rate_{item.rate}_vs_int8",
                value=item.share,
                unit="ratio",
                peer="the same epoch at another learning rate",
                n=item.rows,
                note=f"gained {item.gained}; {item.changed:.0%} of the weights moved; "
                f"{item.vs_general:.2f} x the best general patch",
            )
    yield _head_only()
    with tempfile.TemporaryDirectory() as folder:
        yield _memory(Path(folder))


def _released(found: list[Tuned]) -> Iterator[Row]:
    int8 = next(item for item in found if item.variant == "int8")
    same = sum(item.committed for item in found)
    files = f"{same} of {len(found)} files trained here are those in models/, byte for byte"
    yield Row(
        id="delta.finetune_vs_int8",
        value=int8.share,
        unit="ratio",
        peer="bar: 0.20 of the int8 file",
        n=1,
        note=f"{', '.join(f'{item.variant} {item.share:.3f}' for item in found)}; {files}",
    )
    yield Row(
        id="delta.finetune_vs_best_general",
        value=int8.vs_general,
        unit="ratio",
        peer="bar: 0.92 x smallest of bsdiff, hdiff, zstd patch-from",
        n=1,
        note=", ".join(f"{name} {size}" for name, size in int8.sizes.items()),
    )
    yield Row(
        id="delta.finetune_gain_low_pt",
        value=int8.gain[1],
        unit="points",
        peer="bar: above 0",
        n=int8.rows,
        note=f"lower end of what int8 gained on rows that neither version saw: {int8.gained}",
    )
    yield Row(
        id="delta.finetune_weights_moved",
        value=int8.changed,
        unit="ratio",
        peer="bar: at least 0.20",
        n=1,
        note="share of the int8 weights that differ",
    )


def _memory(folder: Path) -> Row:
    """Apply a patch to four million int8 weights, 30 % of which changed by one."""
    rng = np.random.default_rng(1)
    weights_ = rng.integers(-100, 100, _TENSOR, dtype=np.int8)
    step = (rng.random(_TENSOR) < _MOVED) * rng.choice([-1, 1], _TENSOR)
    old, new = _onnx(weights_), _onnx((weights_ + step).astype(np.int8))
    (folder / "old").write_bytes(old)
    peaks = {}
    for patch in candidates(old, new):
        if patch.codec != "zstd":
            (folder / patch.codec).write_bytes(patch.data)
            arguments = [str(folder / "old"), str(folder / patch.codec), str(len(new))]
            command = [sys.executable, "-m", "benchmarks._apply_memory", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks[patch.codec] = int(done.stdout) / len(new)
    return Row(
        id="delta.apply_memory",
        value=peaks["weights"],
        unit="x file",
        peer="bar: 2 x the file",
        n=1,
        note="peak resident memory of a process, with the mapped old file; "
        + ", ".join(f"{name} {value:.2f}" for name, value in peaks.items())
        + f"; file of {len(new):,} bytes",
    )


def _onnx(tensor: Any) -> bytes:
    from onnx import helper, numpy_helper  # noqa: PLC0415  # seconds to load

    graph = helper.make_graph([], "g", [], [], [numpy_helper.from_array(tensor, "w")])
    return bytes(helper.make_model(graph).SerializeToString())


def _head_only() -> Row:
    """Change the weights of the last layer only, as a fine-tune with a frozen body does."""
    old = _int8()
    dense = [item for item in find_tensors(old) if item.width == 8]  # noqa: PLR2004
    head = next(item for item in dense if item.length == 640)  # noqa: PLR2004  # 64 x 10
    new, rng = bytearray(old), random.Random(1)  # noqa: S311
    for at in range(head.offset, head.offset + head.length):
        new[at] = (new[at] + rng.choice((0, 1, 255))) % 256
    patch = best_patch(old, bytes(new))
    return Row(
        id="delta.head_only_vs_int8",
        value=len(patch.data) / len(old) if patch else 1.0,
        unit="ratio",
        peer="bar: 0.01 of the int8 file",
        n=1,
        note="the last layer's 640 weights each moved by -1, 0 or 1 at random (synthetic)",
    )


def _int8() -> bytes:
    return Path("models/digits/1.0.0/artifacts/digits-int8.tflite").read_bytes()
