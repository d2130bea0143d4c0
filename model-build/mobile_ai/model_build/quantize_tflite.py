"""Post-training quantisation of a float TFLite file by litert-quantizer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from mobile_ai.model_build.errors import RecipeError, need

_ALL = ".*"
_SIGNATURE = "serving_default"


def quantize_tflite(
    model: bytes, scheme: str, *, calibration: Mapping[str, NDArray[Any]], keep: str | None = None
) -> bytes:
    """Return the quantised file.

    Args:
        model: A float32 TFLite file.
        scheme: `dynamic-int8`, `static-int8`, `int4` (weights; int8 where a layer has no
            four-bit kernel) or `mixed` (int4, but int8 for the layers that `keep` matches).
        calibration: Rows by input name; used by `static-int8` only.
        keep: Pattern of output tensor names kept at int8 by `mixed`.

    Raises:
        RecipeError: If the scheme is unknown, or `mixed` has no `keep`.
    """
    quantizer = need("litert_quantizer.quantizer").Quantizer(bytearray(model))
    _configure(quantizer, scheme, keep)
    found = None
    if quantizer.need_calibration:
        rows = len(next(iter(calibration.values())))
        samples = [
            {name: values[row : row + 1] for name, values in calibration.items()}
            for row in range(rows)
        ]
        found = quantizer.calibrate({_SIGNATURE: samples}, num_threads=1)
    result = quantizer.quantize(found, enable_progress_report=False)
    return bytes(result.quantized_model)


def _configure(quantizer: Any, scheme: str, keep: str | None) -> None:
    types = need("litert_quantizer.qtyping")
    everything = types.TFLOperationName.ALL_SUPPORTED
    dense = types.TFLOperationName.FULLY_CONNECTED
    if scheme == "static-int8":
        quantizer.add_static_config(_ALL, everything, activation_num_bits=8, weight_num_bits=8)
        # Float inputs and outputs, so that all variants of a model have the same interface.
        algorithms = need("litert_quantizer.algorithm_manager").AlgorithmName
        for end in (types.TFLOperationName.INPUT, types.TFLOperationName.OUTPUT):
            quantizer.update_quantization_recipe(_ALL, end, algorithm_key=algorithms.NO_QUANTIZE)
    elif scheme == "dynamic-int8":
        quantizer.add_dynamic_config(_ALL, everything, num_bits=8)
    elif scheme == "int4":
        quantizer.add_dynamic_config(_ALL, everything, num_bits=8)
        for operation in (dense, types.TFLOperationName.CONV_2D):
            quantizer.add_dynamic_config(_ALL, operation, num_bits=4)
    elif scheme == "mixed" and keep:
        quantizer.add_dynamic_config(_ALL, everything, num_bits=8)
        quantizer.add_dynamic_config(f"^(?!.*({keep}))", dense, num_bits=4)
    else:
        raise RecipeError(
            f"quantize: {scheme}",
            got=f"keep={keep!r}",
            expected="dynamic-int8, static-int8, int4, or mixed with 'keep'",
            next_step="correct the variant in the recipe",
        )
    re.compile(keep or "")
