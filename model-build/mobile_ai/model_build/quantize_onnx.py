"""Post-training quantisation of a float ONNX file by onnxruntime."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from mobile_ai.model_build.calibration import Calibration, inferences
from mobile_ai.model_build.errors import RecipeError, need

_CHANNEL_OPSET: Final = 13
_METHODS: Final[Mapping[str, str]] = {"min-max": "MinMax", "percentile": "Percentile"}


def quantize_onnx(
    model: bytes,
    scheme: str,
    *,
    calibration: Calibration,
    keep: str | None = None,
    method: str = "min-max",
) -> bytes:
    """Return the quantised file.

    Args:
        model: A float32 ONNX file.
        scheme: `static-int8` (QDQ, per channel, signed), `dynamic-int8` or `fp16`.
        calibration: Rows; used by `static-int8` only.
        keep: Pattern of node names that `dynamic-int8` keeps in float.
        method: Choice of activation ranges by `static-int8`: `min-max` or `percentile`.

    Raises:
        RecipeError: If the scheme is unknown, or onnxruntime cannot quantise the model.
    """
    quantization = need("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.onnx", Path(folder) / "out.onnx"
        source.write_bytes(model)
        if scheme == "fp16":
            _half(source, target)
        elif scheme in {"static-int8", "dynamic-int8"}:
            with _advised(scheme):
                _raise_opset(source)
                _prepare(quantization, source)
                if scheme == "static-int8":
                    _static(quantization, source, target, calibration, method)
                else:
                    kept = _matching(source, keep)
                    quantization.quantize_dynamic(
                        str(source), str(target), per_channel=True, nodes_to_exclude=kept
                    )
        else:
            raise RecipeError(
                f"quantize: {scheme}",
                got="format onnx",
                expected="static-int8, dynamic-int8 or fp16",
                next_step="use `format: tflite` for this scheme in the recipe",
            )
        return _stable(target.read_bytes())


@contextmanager
def _advised(scheme: str) -> Iterator[None]:
    """Turn what onnxruntime's quantizer raises about a model into an error with a next step."""
    try:
        yield
    except (ValueError, RuntimeError, KeyError, AssertionError, AttributeError) as error:
        raise RecipeError(
            f"quantize: {scheme}",
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200],
            expected="a graph that onnxruntime can quantise",
            next_step="name layers to leave in float by `keep`, or use quantize: fp16, in the "
            "recipe",
        ) from error


def _raise_opset(source: Path) -> None:
    """Convert a graph of an older operator set: scales by channel are in none before 13."""
    onnx = need("onnx")
    model = onnx.load(str(source))
    versions = [item.version for item in model.opset_import if item.domain in {"", "ai.onnx"}]
    if versions and max(versions) < _CHANNEL_OPSET:
        onnx.save(onnx.version_converter.convert_version(model, _CHANNEL_OPSET), str(source))


def _prepare(quantization: Any, source: Path) -> None:
    """Infer shapes and optimise the graph, as onnxruntime asks for before quantisation.

    Symbolic inference gives up on some graphs (loops, sizes that depend on data); onnx's own
    inference, which the same function runs, is enough for those.
    """
    prepared = source.with_name("prepared.onnx")
    prepare = quantization.shape_inference.quant_pre_process
    try:
        prepare(str(source), str(prepared), auto_merge=True)
    except Exception:  # noqa: BLE001  # it raises bare Exception where inference is incomplete
        prepare(str(source), str(prepared), skip_symbolic_shape=True)
    prepared.replace(source)


def _matching(source: Path, pattern: str | None) -> list[str]:
    if pattern is None:
        return []
    graph = need("onnx").load(str(source)).graph
    return [node.name for node in graph.node if re.search(pattern, node.name)]


def _static(
    quantization: Any,
    source: Path,
    target: Path,
    calibration: Calibration,
    method: str,
) -> None:
    run = partial(
        quantization.quantize_static,
        str(source),
        str(target),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod[_METHODS[method]],
    )
    base = quantization.CalibrationDataReader
    try:
        run(calibration_data_reader=_reader(base, calibration), per_channel=True)
    except ValueError:
        # onnxruntime 1.32 compares the scales of several channels as one number where a bias
        # would overflow; it has no such fault with one scale for each tensor.
        run(calibration_data_reader=_reader(base, calibration), per_channel=False)
    _check_runs(target, calibration)


def _check_runs(target: Path, calibration: Calibration) -> None:
    """Run one row: some graphs become files that the runtime refuses.

    Raises:
        RuntimeError: If it does.
    """
    ort = need("onnxruntime")
    row = inferences(calibration)[0]
    try:
        session = ort.InferenceSession(str(target), providers=["CPUExecutionProvider"])
        session.run(None, row)
    except Exception as error:  # its classes have no base of their own
        raise RuntimeError(f"the quantised file does not run: {error}") from error


def _reader(base: Any, calibration: Calibration) -> Any:
    class Reader(base):  # type: ignore[misc]  # the base class has no types
        def __init__(self) -> None:
            self._rows = iter(inferences(calibration))

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            return next(self._rows, None)

    return Reader()


def _half(source: Path, target: Path) -> None:
    onnx = need("onnx")
    float16 = need("onnxruntime.transformers.float16")
    model = float16.convert_float_to_float16(onnx.load(str(source)), keep_io_types=True)
    onnx.save(model, str(target))


def _stable(content: bytes) -> bytes:
    """Return the model without fields that vary between runs (paths, tool versions)."""
    onnx = need("onnx")
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    model.doc_string = ""
    model.graph.doc_string = ""
    return bytes(model.SerializeToString(deterministic=True))
