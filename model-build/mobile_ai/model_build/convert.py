"""Converts a Keras model to the formats that ship: TFLite, ONNX and Core ML."""

from __future__ import annotations

import io
import json
import tempfile
import uuid
import zipfile
from pathlib import Path
from typing import Any

from mobile_ai.model_build.canonical_onnx import canonical
from mobile_ai.model_build.errors import need
from mobile_ai.model_build.keras_env import tensorflow

OUTPUT = "logits"
"""Name of the output of a model that the build makes."""
_ONNX_OPSET = 17
# The earliest time that zip can represent: a constant makes archives reproducible.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def to_tflite(model: Any, *, half: bool = False, quantized: bool = False) -> bytes:
    """Return a TFLite file with batch 1 and one signature, `serving_default`.

    Phones run batch 1, and a dynamic batch would leave shape arithmetic in the graph that
    quantisers do not handle.

    Args:
        model: The network.
        half: Store weights as float16.
        quantized: Whether the model was trained with fake quantisation; converts it to int8.
    """
    tf = tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(model, folder, signatures=_serving(model, batch=1))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if half or quantized:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if half:
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def to_onnx(model: Any) -> bytes:
    """Return an ONNX file with a dynamic batch, so that an edge server can batch requests."""
    tf2onnx = need("tf2onnx")
    signature = [_spec(tensor, None) for tensor in model.inputs]
    proto, _ = tf2onnx.convert.from_function(
        _serving(model, batch=None), input_signature=signature, opset=_ONNX_OPSET
    )
    return bytes(canonical(proto).SerializeToString(deterministic=True))


def to_coreml(model: Any, *, bits: int = 32) -> bytes:
    """Return a Core ML ML Program as a zip file, with 32, 16 or 8 bits per weight."""
    ct = need("coremltools")
    precision = ct.precision.FLOAT32 if bits == 32 else ct.precision.FLOAT16  # noqa: PLR2004
    function = _serving(model, batch=1).get_concrete_function()
    program = ct.convert(
        [function],
        source="tensorflow",
        convert_to="mlprogram",
        compute_precision=precision,
        minimum_deployment_target=ct.target.iOS15,  # the first that runs ML Programs
    )
    if bits == 8:  # noqa: PLR2004
        optimize = need("coremltools.optimize.coreml")
        config = optimize.OptimizationConfig(
            optimize.OpLinearQuantizerConfig(mode="linear_symmetric")
        )
        program = optimize.linear_quantize_weights(program, config)
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "model.mlpackage"
        program.save(str(package))
        return _zip(package)


def _spec(tensor: Any, batch: int | None) -> Any:
    tf = tensorflow()
    return tf.TensorSpec([batch, *tensor.shape[1:]], tensor.dtype, name=tensor.name.split(":")[0])


def _serving(model: Any, *, batch: int | None) -> Any:
    tf = tensorflow()
    signature = [_spec(tensor, batch) for tensor in model.inputs]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def serve(*inputs: Any) -> dict[str, Any]:
        return {OUTPUT: model(list(inputs), training=False)}

    return serve


def _zip(package: Path) -> bytes:
    """Return the package as a reproducible zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in package.rglob("*") if each.is_file()):
            name = f"{package.name}/{path.relative_to(package).as_posix()}"
            content = path.read_bytes()
            if path.name == "Manifest.json":
                content = _fixed_identifiers(content)
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return buffer.getvalue()


def _fixed_identifiers(manifest: bytes) -> bytes:
    """Replace coremltools' random item identifiers by UUIDv5 of the items' paths."""
    document = json.loads(manifest)
    entries = document["itemInfoEntries"]
    fixed = {
        old: str(uuid.uuid5(uuid.NAMESPACE_OID, f"mobile-ai/{entry['path']}")).upper()
        for old, entry in entries.items()
    }
    document["itemInfoEntries"] = {fixed[old]: entry for old, entry in entries.items()}
    document["rootModelIdentifier"] = fixed[document["rootModelIdentifier"]]
    return json.dumps(document, indent=4, sort_keys=True).encode()
