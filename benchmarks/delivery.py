"""Delivery: what an update costs, how fast a cohort is decided, what a crash leaves."""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._row import Row
from delivery.delta import best_patch, candidates, zstd
from delivery.delta.tensors import find_tensors
from delivery.rings import cohort, cohorts, point
from tests.delivery.crashes import crash_everywhere
from tests.delivery.world import Cdn, World, check, deployment, device, weights

__all__ = ["IDS", "rows"]

IDS = (
    "delta.finetune_vs_int8",
    "delta.finetune_vs_best_general",
    "delta.head_only_vs_int8",
    "rollout.python_us",
    "rollout.vectorised_us",
    "update.idle_bytes",
    "update.crash_points_survived",
)
_VERSIONS = ("1.0.0", "1.1.0")
_VARIANTS = ("int8.tflite", "int8-onnx.onnx", "int4.tflite", "fp32.tflite")
_PYTHON_IDS = 200_000
_BATCHES = 20
_FLEET = 10_000_000


def rows() -> Iterator[Row]:
    """Measure patches on the sample pair, decisions by CPU time, updates over loopback."""
    yield from _deltas()
    yield from _decisions()
    with tempfile.TemporaryDirectory() as folder:
        yield _idle(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield _crashes(Path(folder))


def _deltas() -> Iterator[Row]:
    table = {variant: _sizes(variant) for variant in _VARIANTS}
    sizes = table["int8.tflite"]
    note = "; ".join(
        f"{name}: "
        + ", ".join(f"{codec} {size / item['file']:.3f}" for codec, size in item.items())
        for name, item in table.items()
    )
    yield Row(
        id="delta.finetune_vs_int8",
        value=sizes["weights"] / sizes["file"],
        unit="ratio",
        peer="bar: 0.20 of the int8 file",
        n=1,
        note=f"digits 1.0.0 to 1.1.0, share of each file: {note}",
    )
    best = min(sizes[name] for name in ("bsdiff", "hdiff", "zstd patch-from"))
    yield Row(
        id="delta.finetune_vs_best_general",
        value=sizes["weights"] / best,
        unit="ratio",
        peer="bar: 0.92 x smallest of bsdiff, hdiff, zstd patch-from",
        n=1,
        note=f"best general {best} bytes; weights changed: {_changed():.0%}",
    )
    yield _head_only()


def _sizes(variant: str) -> dict[str, int]:
    old, new = _pair(variant)
    sizes = {patch.codec: len(patch.data) for patch in candidates(old, new)}
    return {"file": len(new), "zstd patch-from": len(zstd.compress(new, old)), **sizes}


def _changed() -> float:
    old, new = _pair("int8.tflite")
    counts = [
        (
            np.count_nonzero(_bytes(old, t.offset, t.length) != _bytes(new, t.offset, t.length)),
            t.length,
        )
        for t in find_tensors(old)
        if t.width == 8  # noqa: PLR2004
    ]
    return float(sum(changed for changed, _ in counts) / sum(length for _, length in counts))


def _head_only() -> Row:
    """Move the weights of the last layer only, as a fine-tune with a frozen body does."""
    old, _ = _pair("int8.tflite")
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


def _decisions() -> Iterator[Row]:
    key = point("field-assistant-digits")
    points = np.random.default_rng(0).integers(0, 2**64, _FLEET, dtype=np.uint64)
    some = points[:_PYTHON_IDS]
    each = min(_per_call(batch, key) for batch in np.array_split(some, _BATCHES))
    yield Row(
        id="rollout.python_us",
        value=each,
        unit="us",
        peer="bar: 1.2 us",
        n=_PYTHON_IDS,
        note=f"CPU time of a decision, best of {_BATCHES} batches; "
        "a device computes its point once, at installation",
    )
    begun = time.process_time()
    cohorts(points, key)
    yield Row(
        id="rollout.vectorised_us",
        value=(time.process_time() - begun) / _FLEET * 1e6,
        unit="us",
        peer="bar: 0.1 us",
        n=_FLEET,
        note="numpy, one thread, CPU time",
    )


def _per_call(points: Any, key: int) -> float:
    plain = points.tolist()
    begun = time.process_time()
    for item in plain:
        cohort(item, key)
    return (time.process_time() - begun) / len(plain) * 1e6


def _idle(folder: Path) -> Row:
    world = World(folder)
    cdn = Cdn(world.bucket)
    try:
        world.publish(deployment(world.make("1.0.0", weights(1))))
        phone = device(world, cdn.url)
        check(phone)
        cdn.sent, cdn.asked = 0, []
        outcome = check(phone)
    finally:
        cdn.close()
    return Row(
        id="update.idle_bytes",
        value=cdn.sent,
        unit="bytes",
        peer="bar: 4,000 bytes, 2 requests",
        n=1,
        note=f"{outcome.requests} requests, outcome {outcome.word}; answers with their headers",
    )


def _crashes(folder: Path) -> Row:
    found = crash_everywhere(folder)
    good = [item for item in found if item["killed"] and item["whole"] and item["healed"]]
    return Row(
        id="update.crash_points_survived",
        value=len(good),
        unit="points",
        peer=f"bar: all of {len(found)}, at least 30",
        n=len(found),
        note="killed before each call that changes the disk, and in the middle of each write",
    )


def _pair(variant: str) -> tuple[bytes, bytes]:
    old, new = (
        (Path("models/digits") / version / "artifacts" / f"digits-{variant}").read_bytes()
        for version in _VERSIONS
    )
    return old, new


def _bytes(data: bytes, offset: int, length: int) -> Any:
    return np.frombuffer(data, np.uint8, length, offset)
