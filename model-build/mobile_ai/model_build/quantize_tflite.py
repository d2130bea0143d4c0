"""Post-training quantisation of a float TFLite file by litert-quantizer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mobile_ai.model_build.calibration import Calibration, inferences
from mobile_ai.model_build.errors import RecipeError, need
from mobile_ai.model_build.quantize_spec import LayerSpec

_ALL: Final = ".*"
_SIGNATURE: Final = "serving_default"
_ACTIVATION_BITS: Final[Mapping[str, int]] = {"static-int8": 8, "static-int16": 16}
_OPERATIONS: Final[Mapping[str, str]] = {
    "any": "ALL_SUPPORTED",
    "dense": "FULLY_CONNECTED",
    "conv": "CONV_2D",
    "depthwise": "DEPTHWISE_CONV_2D",
    "transposed-conv": "CONV_2D_TRANSPOSE",
    "embedding": "EMBEDDING_LOOKUP",
    "matmul": "BATCH_MATMUL",
}
_ALGORITHMS: Final[Mapping[str, str]] = {
    "min-max": "MIN_MAX_UNIFORM_QUANT",
    "octav": "OCTAV",
    "mse": "MSE",
    "gptq": "GPTQ",
}
_GRANULARITIES: Final[Mapping[str, str]] = {"tensor": "TENSORWISE", "channel": "CHANNELWISE"}


def quantize_tflite(
    model: bytes,
    scheme: str,
    *,
    calibration: Calibration,
    keep: str | None = None,
    layers: tuple[LayerSpec, ...] = (),
) -> bytes:
    """Return the quantised file.

    Args:
        model: A float32 TFLite file.
        scheme: `dynamic-int8`, `static-int8`, `static-int16` (activations of 16 bits),
            `weight-int8` (computes in float), `int4` (weights; int8 where a layer has no
            four-bit kernel) or `mixed` (int4, but int8 for the layers that `keep` matches).
        calibration: Rows; used by the static schemes and by GPTQ.
        keep: Pattern of output tensor names kept at int8 by `mixed`.
        layers: Overrides for the weights of some layers, applied in order after the scheme.

    Raises:
        RecipeError: If the scheme is unknown, `mixed` has no `keep`, or the quantizer offers no
            such combination.
    """
    quantizer = need("litert_quantizer.quantizer").Quantizer(bytearray(model))
    _configure(quantizer, scheme, keep)
    try:
        for layer in layers:
            _override(quantizer, scheme, layer)
        return _run(quantizer, calibration)
    except (ValueError, NotImplementedError) as error:
        raise RecipeError(
            f"quantize: {scheme}",
            got=str(error).split("\n", 1)[0],
            expected="bits, algorithm and granularity that litert-quantizer offers for the layers",
            next_step="change `layers` or `quantize` of the variant in the recipe",
        ) from error


def _run(quantizer: Any, calibration: Calibration) -> bytes:
    found = None
    if quantizer.need_calibration:
        found = quantizer.calibrate({_SIGNATURE: inferences(calibration)}, num_threads=1)
    result = quantizer.quantize(found, enable_progress_report=False)
    return bytes(result.quantized_model)


def _configure(quantizer: Any, scheme: str, keep: str | None) -> None:
    types = need("litert_quantizer.qtyping")
    everything = types.TFLOperationName.ALL_SUPPORTED
    dense = types.TFLOperationName.FULLY_CONNECTED
    if scheme in _ACTIVATION_BITS:
        bits = _ACTIVATION_BITS[scheme]
        quantizer.add_static_config(_ALL, everything, activation_num_bits=bits, weight_num_bits=8)
        # Float inputs and outputs, so that all variants of a model have the same interface.
        algorithms = need("litert_quantizer.algorithm_manager").AlgorithmName
        for end in (types.TFLOperationName.INPUT, types.TFLOperationName.OUTPUT):
            quantizer.update_quantization_recipe(_ALL, end, algorithm_key=algorithms.NO_QUANTIZE)
    elif scheme == "dynamic-int8":
        quantizer.add_dynamic_config(_ALL, everything, num_bits=8)
    elif scheme == "weight-int8":
        quantizer.add_weight_only_config(_ALL, everything, num_bits=8)
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
            expected="dynamic-int8, static-int8, static-int16, weight-int8, int4, or mixed with "
            "'keep'",
            next_step="correct the variant in the recipe",
        )
    re.compile(keep or "")


def _override(quantizer: Any, scheme: str, layer: LayerSpec) -> None:
    types = need("litert_quantizer.qtyping")
    algorithms = need("litert_quantizer.algorithm_manager").AlgorithmName
    operation = types.TFLOperationName[_OPERATIONS[layer.operation]]
    if layer.bits is None:
        quantizer.update_quantization_recipe(
            layer.match, operation, algorithm_key=algorithms.NO_QUANTIZE
        )
        return
    word = _GRANULARITIES.get(layer.granularity, layer.granularity.replace("block-", "BLOCKWISE_"))
    granularity = types.QuantGranularity[word]
    algorithm = algorithms[_ALGORITHMS[layer.algorithm]]
    if scheme in _ACTIVATION_BITS:
        quantizer.add_static_config(
            layer.match,
            operation,
            activation_num_bits=_ACTIVATION_BITS[scheme],
            weight_num_bits=layer.bits,
            weight_granularity=granularity,
            algorithm_key=algorithm,
        )
        return
    only = scheme == "weight-int8"
    add = quantizer.add_weight_only_config if only else quantizer.add_dynamic_config
    add(
        layer.match,
        operation,
        num_bits=layer.bits,
        granularity=granularity,
        algorithm_key=algorithm,
    )
