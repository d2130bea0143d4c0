"""Inspects one untrusted model file."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile_ai.model_build.inspection.coreml_file import check_coreml
from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.limits import InspectionLimits
from mobile_ai.model_build.inspection.sandbox import load_apart
from mobile_ai.model_build.inspection.sniff import sniff


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A file that passed inspection.

    Attributes:
        path: Path of the file.
        sha256: Digest of the inspected bytes; load only these.
        bytes: Size of the file.
        format: ``tflite``, ``onnx`` or ``coreml``, by content.
        operators: Number of occurrences by operator; empty for Core ML.
        inputs: Name, type and shape of each input; empty for Core ML.
        outputs: Name, type and shape of each output; empty for Core ML.
        ran: Whether it was loaded and run once; false for Core ML.
    """

    path: Path
    sha256: str
    bytes: int
    format: str
    operators: dict[str, int]
    inputs: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...]
    ran: bool

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "bytes": self.bytes,
            "format": self.format,
            "operators": self.operators,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "ran": self.ran,
        }


def inspect_file(
    path: Path,
    *,
    limits: InspectionLimits | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Inspected:
    """Inspect a file.

    Args:
        path: The file.
        limits: Resource limits.
        shapes: Shapes of inputs with dynamic sizes; dynamic sizes are 1 by default.

    Raises:
        InspectionError: If it is refused.
    """
    bounds = limits or InspectionLimits()
    data = _read(path, bounds)
    file_format = sniff(data, name=str(path))
    found: dict[str, Any] = {}
    if file_format == "coreml":
        check_coreml(data, limits=bounds, name=str(path))
    else:
        found = load_apart(data, file_format, limits=bounds, name=str(path), shapes=shapes)
    return Inspected(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        format=file_format,
        operators=found.get("operators", {}),
        inputs=tuple(found.get("inputs", ())),
        outputs=tuple(found.get("outputs", ())),
        ran=bool(found),
    )


def _read(path: Path, limits: InspectionLimits) -> bytes:
    """Read a regular file once, so that the digest is of the inspected bytes."""
    try:
        # O_NONBLOCK: opening a FIFO would otherwise block until a writer opens it (open(2)).
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise _refused(path, f"{type(error).__name__}: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, "something else than a regular file")
        if status.st_size > limits.max_bytes:
            raise _refused(path, f"{status.st_size} bytes, over the limit of {limits.max_bytes}")
        return file.read(limits.max_bytes + 1)


def _refused(path: Path, got: str) -> InspectionError:
    return InspectionError(
        str(path),
        got=got,
        expected="a regular model file, no link",
        next_step="name the file itself, and keep it small",
    )
