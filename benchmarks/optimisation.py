"""Low-bit variants of digits against peers' quantisers: same network, calibration and 3,000 rows.

NNCF is no dependency: `MOBILE_AI_NNCF_PYTHON` names an interpreter that has it, else it is left
out and the row says so. Every point is printed with its paired loss.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks._row import Row

__all__ = ["IDS", "rows"]

IDS: Final = ("model.int4_loss_pt", "model.best_zstd_ratio", "model.peer_gap_pt")
_RECIPE: Final = Path("model-build/recipes/digits.yaml")
_SPLITS: Final = ("held-out", "held-out-new")
_OURS: Final = (
    "int8",
    "int4",
    "int4-octav",
    "int4-gptq",
    "low-bit-int4",
    "low-bit-int4-dense",
    "low-bit-int2",
    "low-bit-int2-dense",
)
_INT4_RATIO: Final = 8
_WITHIN_PT: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    name: str
    ours: bool
    zstd: int
    logits: NDArray[Any]
    loss: tuple[float, float, float]
    labels: NDArray[np.int64]


def rows() -> Iterator[Row]:
    """Train, quantise, score and compare."""
    points, control, reference = _measured()
    _show(points, reference)
    ours = [point for point in points if point.ours]
    peers = [point for point in points if not point.ours]
    count = len(points[0].logits)
    small = [p for p in ours if "int4" in p.name and reference / p.zstd >= _INT4_RATIO]
    if small:
        best = min(small, key=lambda point: point.loss[0])
        yield Row(
            id="model.int4_loss_pt",
            value=best.loss[0],
            unit="pt",
            peer="fp32; <= 0.2 at >= 1/8 after zstd",
            n=count,
            note=f"{_said(best, reference)}; fp32 trained as long again {control:+.2f} pt",
        )
    within = [p for p in ours if p.loss[0] <= _WITHIN_PT]
    best = min(within, key=lambda point: point.zstd)
    yield Row(
        id="model.best_zstd_ratio",
        value=reference / best.zstd,
        unit="x",
        peer="fp32 after zstd 19; >= 12 within 1 pt",
        n=count,
        note=_said(best, reference),
    )
    yield _gap(ours, peers, reference)


def _gap(ours: list[_Point], peers: list[_Point], reference: int) -> Row:
    """Return ours against the peer that loses least, with ours no larger than it."""
    best = min(peers, key=lambda point: point.loss[0])
    rival = min(
        (p for p in ours if p.zstd <= best.zstd), key=lambda point: point.loss[0], default=ours[0]
    )
    value, low, high = _loss(best.logits, rival.logits, best.labels)
    beaten = sum(
        any(p.zstd <= peer.zstd and p.loss[0] <= peer.loss[0] for p in ours) for peer in peers
    )
    tools = sorted({peer.name.split()[0] for peer in peers})
    return Row(
        id="model.peer_gap_pt",
        value=high,
        unit="pt",
        peer="best peer, upper end of the paired 95 % interval; <= 0.5",
        n=len(best.logits),
        note=f"{_said(rival, reference)} against {_said(best, reference)}: {value:+.2f} "
        f"[{low:+.2f}, {high:+.2f}]; ours no larger and no worse than {beaten} of {len(peers)} "
        f"points of {', '.join(tools)}",
    )


def _said(point: _Point, reference: int) -> str:
    loss, low, high = point.loss
    size = f"{point.zstd} B, 1/{reference / point.zstd:.1f}"
    return f"{point.name} {size}, {loss:+.2f} [{low:+.2f}, {high:+.2f}]"


def _measured() -> tuple[list[_Point], float, int]:
    # TensorFlow is imported when a model is made, not when the areas are listed.
    import zstandard  # noqa: PLC0415

    from mobile_ai.model_build.data import held_out_rows  # noqa: PLC0415
    from mobile_ai.model_build.export import Exporter, calibration_rows, file_logits  # noqa: PLC0415
    from mobile_ai.model_build.recipe import VariantSpec, load_recipe  # noqa: PLC0415
    from mobile_ai.model_build.search_grid import grid  # noqa: PLC0415
    from mobile_ai.model_build.train_or_reuse import obtain  # noqa: PLC0415

    recipe = load_recipe(_RECIPE)
    plan = recipe.evaluation.model_copy(update={"splits": _SPLITS})
    held = held_out_rows(recipe.model_copy(update={"evaluation": plan})).rows
    trained = obtain(_RECIPE)
    exporter = Exporter(trained)
    fp32, _ = exporter.make(VariantSpec(name="fp32"))
    base = file_logits(fp32, "tflite", held.inputs)

    def point(name: str, content: bytes, format_: str, *, ours: bool) -> _Point:
        logits = file_logits(content, format_, held.inputs)
        zstd = len(zstandard.compress(content, 19))
        return _Point(
            name=name,
            ours=ours,
            zstd=zstd,
            logits=logits,
            loss=_loss(base, logits, held.labels),
            labels=held.labels,
        )

    found = []
    specs = {spec.name: spec for spec in grid(recipe)}
    for name in _OURS:
        print(f"  {name}", file=sys.stderr, flush=True)
        content, _ = exporter.make(specs[name])
        found.append(point(name, content, "tflite", ours=True))
    onnx, _ = exporter.make(VariantSpec(name="fp32-onnx", format="onnx"))
    rows_ = dict(calibration_rows(trained.rows.training, recipe).inputs)
    for name, format_, content in _peers(fp32, onnx, rows_):
        print(f"  {name}", file=sys.stderr, flush=True)
        try:
            found.append(point(name, content, format_, ours=False))
        except Exception as error:  # noqa: BLE001  # a peer's file is whatever it is
            reason = str(error).splitlines()[0]
            print(f"  {name}: left out, it does not run: {reason:.160}", file=sys.stderr)
    control = _loss(base, _longer(trained, held.inputs), held.labels)[0]
    return found, control, len(zstandard.compress(fp32, 19))


def _loss(
    was: NDArray[Any], now: NDArray[Any], labels: NDArray[np.int64]
) -> tuple[float, float, float]:
    from mobile_ai.model_build.metrics import paired_difference  # noqa: PLC0415

    each = paired_difference(was, now, labels)
    return each.loss_pt, each.low_pt, each.high_pt


def _longer(trained: Any, inputs: Any) -> NDArray[Any]:
    """Return the outputs of a float network that was trained on as long as the low-bit ones."""
    from mobile_ai.model_build import adapt, convert  # noqa: PLC0415
    from mobile_ai.model_build.export import file_logits  # noqa: PLC0415

    plan = trained.recipe.train
    longer = plan.model_copy(
        update={"adapt_epochs": plan.epochs, "adapt_learning_rate": plan.learning_rate}
    )
    model = adapt.adapt(
        trained.model, "dense", trained.rows.training, longer, seed=trained.recipe.seed
    )
    return file_logits(convert.to_tflite(model), "tflite", inputs)


def _peers(fp32: bytes, onnx: bytes, rows_: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    for name, content in _litert(fp32, rows_):
        yield f"litert-quantizer {name}", "tflite", content
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "fp32.onnx"
        source.write_bytes(onnx)
        for name, content in _onnxruntime(source, rows_):
            yield f"onnxruntime {name}", "onnx", content
        np.savez(Path(folder) / "rows.npz", **rows_)
        for path in _nncf(source, Path(folder)):
            yield f"nncf {path.stem.removeprefix('nncf-')}", "onnx", path.read_bytes()


def _litert(fp32: bytes, rows_: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the recipes that litert-quantizer ships, as its documentation uses them."""
    from litert_quantizer import quantizer, recipe  # noqa: PLC0415

    octav = quantizer.AlgorithmName.OCTAV
    count = len(next(iter(rows_.values())))
    samples = [
        {name: values[row : row + 1] for name, values in rows_.items()} for row in range(count)
    ]
    for name, steps in {
        "dynamic int8": recipe.dynamic_wi8_afp32(),
        "dynamic int4": recipe.dynamic_wi4_afp32(),
        "dynamic int4 OCTAV": recipe.dynamic_wi4_afp32(octav),
        "weights int8": recipe.weight_only_wi8_afp32(),
        "weights int4 OCTAV": recipe.weight_only_wi4_afp32(octav),
        "static int8": recipe.static_wi8_ai8(),
    }.items():
        made = quantizer.Quantizer(bytearray(fp32), steps)
        known = made.calibrate({"serving_default": samples}) if made.need_calibration else None
        yield name, bytes(made.quantize(known, enable_progress_report=False).quantized_model)


def _onnxruntime(source: Path, rows_: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    from onnxruntime import quantization as ort  # noqa: PLC0415

    prepared, made = source.with_name("prepared.onnx"), source.with_name("made.onnx")
    ort.shape_inference.quant_pre_process(str(source), str(prepared))
    ort.quantize_dynamic(str(prepared), str(made))
    yield "dynamic int8", made.read_bytes()

    class Reader(ort.CalibrationDataReader):  # type: ignore[misc]  # it has no types
        def __init__(self) -> None:
            self._rows = iter(range(len(next(iter(rows_.values())))))

        def get_next(self) -> dict[str, Any] | None:
            row = next(self._rows, None)
            return None if row is None else {n: v[row : row + 1] for n, v in rows_.items()}

    for per_channel in (False, True):
        ort.quantize_static(str(prepared), str(made), Reader(), per_channel=per_channel)
        yield f"static int8{' per channel' if per_channel else ''}", made.read_bytes()


def _nncf(source: Path, folder: Path) -> Iterator[Path]:
    python = os.environ.get("MOBILE_AI_NNCF_PYTHON")
    if not python:
        print("  nncf: not measured, MOBILE_AI_NNCF_PYTHON is not set", file=sys.stderr)
        return
    script = Path(__file__).with_name("_nncf_peer.py").absolute()
    command = [python, str(script), str(source), str(folder / "rows.npz"), str(folder)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  nncf: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    yield from sorted(folder.glob("nncf-*.onnx"))


def _show(points: list[_Point], reference: int) -> None:
    table = Table("point", "zstd", "1/x", "loss pt (95 %)", "front")
    for point in sorted(points, key=lambda point: point.zstd):
        loss, low, high = point.loss
        beaten = any(
            p.zstd <= point.zstd and p.loss[0] <= loss and (p.zstd, p.loss[0]) != (point.zstd, loss)
            for p in points
        )
        ratio = f"{reference / point.zstd:.2f}"
        cells = (f"{point.zstd:,}", ratio, f"{loss:+.2f} ({low:+.2f}..{high:+.2f})")
        table.add_row(f"{'' if point.ours else 'peer '}{point.name}", *cells, "" if beaten else "x")
    Console(width=120, stderr=True).print(table)
