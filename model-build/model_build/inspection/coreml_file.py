"""What is in a zipped Core ML package; it is unpacked only if every path stays inside."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

from model_build.inspection.errors import InspectionError
from model_build.inspection.limits import Limits

__all__ = ["check_coreml"]

_LINK: Final = 0o120000  # S_IFLNK in the upper half of a zip entry's attributes
_SUFFIXES: Final = frozenset({".mlmodel", ".bin", ".json", ""})


def check_coreml(data: bytes, *, limits: Limits, name: str) -> None:
    """Check the entries of a zipped Core ML package.

    Raises:
        InspectionError: If an entry leaves the folder, is a link, is of another kind, or all
            of them together unpack to more than ``limits.max_bytes``.
    """
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
    total = 0
    for entry in entries:
        path = PurePosixPath(entry.filename)
        total += entry.file_size
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
            raise _refused(name, f"entry {entry.filename!r}", "paths inside the package")
        if (entry.external_attr >> 16) & 0o170000 == _LINK:
            raise _refused(name, f"the link {entry.filename!r}", "regular files")
        if path.suffix not in _SUFFIXES:
            raise _refused(name, f"entry {entry.filename!r}", f"files {sorted(_SUFFIXES)}")
    if total > limits.max_bytes:
        raise _refused(name, f"{total} bytes when unpacked", f"at most {limits.max_bytes}")


def _refused(name: str, got: str, expected: str) -> InspectionError:
    return InspectionError(
        name, got=got, expected=expected, next_step="export the package again with coremltools"
    )
