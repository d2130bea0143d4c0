"""Post-training quantisation of a float ONNX file by onnxruntime."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mobile_ai.model_build.errors import RecipeError, need


def quantize_onnx(
    model: bytes,
    scheme: str,
    *,
    calibration: Mapping[str, NDArray[Any]],
    keep: str | None = None,
) -> bytes:
    """Return the quantised file.

    Args:
        model: A float32 ONNX file.
        scheme: `static-int8` (QDQ, per channel, signed), `dynamic-int8` or `fp16`.
        calibration: Rows by input name; used by `static-int8` only.
        keep: Pattern of node names that `dynamic-int8` keeps in float.

    Raises:
        RecipeError: If the scheme is unknown.
    """
    quantization = need("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.onnx", Path(folder) / "out.onnx"
        source.write_bytes(model)
        if scheme == "static-int8":
            _static(quantization, source, target, calibration)
        elif scheme == "dynamic-int8":
            kept = _matching(model, keep)
            quantization.quantize_dynamic(
                str(source), str(target), per_channel=True, nodes_to_exclude=kept
            )
        elif scheme == "fp16":
            _half(source, target)
        else:
            raise RecipeError(
                f"quantize: {scheme}",
                got="format onnx",
                expected="static-int8, dynamic-int8 or fp16",
                next_step="use format tflite for this scheme",
            )
        return _stable(target.read_bytes())


def _matching(model: bytes, pattern: str | None) -> list[str]:
    if pattern is None:
        return []
    graph = need("onnx").load_from_string(model).graph
    return [node.name for node in graph.node if re.search(pattern, node.name)]


def _static(
    quantization: Any, source: Path, target: Path, calibration: Mapping[str, NDArray[Any]]
) -> None:
    prepared = source.with_name("prepared.onnx")
    quantization.shape_inference.quant_pre_process(str(source), str(prepared), auto_merge=True)
    quantization.quantize_static(
        str(prepared),
        str(target),
        _reader(quantization.CalibrationDataReader, calibration),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
    )


def _reader(base: Any, calibration: Mapping[str, NDArray[Any]]) -> Any:
    def rows() -> Iterator[dict[str, NDArray[Any]]]:
        for row in range(len(next(iter(calibration.values())))):
            yield {name: values[row : row + 1] for name, values in calibration.items()}

    class Reader(base):  # type: ignore[misc]  # the base class has no types
        def __init__(self) -> None:
            self._rows = rows()

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
