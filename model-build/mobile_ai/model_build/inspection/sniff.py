"""Detects the format of a model file by its content, never by its name."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Final

from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.wire import top_fields

_refused = InspectionError.advising("export the model as TFLite, ONNX or Core ML and try again")

_ACCEPTED: Final = ("tflite", "onnx", "coreml")
_MIN_BYTES: Final = 16
# Field numbers of ModelProto (onnx.proto); a file with other top-level fields is not ONNX.
_ONNX_FIELDS: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_ONNX_GRAPH: Final = 7
_KNOWN_AS: Final = (
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x89HDF", "an HDF5 file (a Keras model may hold Lambda code)"),
    (b"\x93NUMPY", "a NumPy array, which may hold a pickle"),
    (b"GGUF", "a GGUF file"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"MZ", "a program"),
    (b"#!", "a script"),
    (b"\x1f\x8b", "a gzip archive"),
)


def sniff(data: bytes, *, name: str) -> str:
    """Return the format of a file's content: one of ``ACCEPTED``.

    Raises:
        InspectionError: If it is another format, or truncated.
    """
    if len(data) < _MIN_BYTES:
        raise _refused(name, f"{len(data)} bytes", "a model")
    for magic, what in _KNOWN_AS:
        if data.startswith(magic):
            raise _refused(name, what, f"one of {_ACCEPTED}")
    if data[4:8] == b"TFL3":
        return _tflite(data, name)
    if data.startswith(b"PK\x03\x04"):
        return _zip(data, name)
    return _onnx(data, name)


def _tflite(data: bytes, name: str) -> str:
    """Check the root table offset of a flatbuffer."""
    (root,) = struct.unpack_from("<I", data)
    if not 8 <= root <= len(data) - 4:  # noqa: PLR2004  # after the identifier, before the end
        raise _refused(name, f"a TFLite file whose root is at {root} of {len(data)}", "a whole one")
    return "tflite"


def _zip(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _refused(name, f"a broken zip file ({error})", "a whole one") from error
    for found, what in _ZIPS:
        if found(names):
            raise _refused(name, what, f"one of {_ACCEPTED}")
    if not any(item.endswith((".mlmodel", ".mlpackage/Manifest.json")) for item in names):
        raise _refused(name, f"a zip file of {names[:3]}", "a zipped Core ML package")
    return "coreml"


def _holds(*suffixes: str) -> Callable[[list[str]], bool]:
    return lambda names: any(item.endswith(suffixes) for item in names)


_ZIPS: Final = (
    (_holds("data.pkl", ".pickle", ".pkl"), "a zip file with a Python pickle (PyTorch)"),
    (_holds("metadata.json", "model.weights.h5"), "a Keras file, which may hold Lambda code"),
    (_holds(".npy"), "a NumPy archive, which may hold a pickle"),
)


def _onnx(data: bytes, name: str) -> str:
    """Check that a protobuf message has known top-level fields only and is complete."""
    seen: set[int] = set()
    for field in top_fields(data, name=name, what=f"one of {_ACCEPTED}, whole"):
        if field not in _ONNX_FIELDS:
            raise _refused(name, "content of no format known", f"one of {_ACCEPTED}")
        seen.add(field)
    if _ONNX_GRAPH not in seen:
        raise _refused(name, "a protobuf message without a graph", "an ONNX model")
    return "onnx"
