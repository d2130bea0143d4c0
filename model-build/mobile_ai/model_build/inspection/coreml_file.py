"""Checks zipped Core ML packages: entry paths, sizes, and the model specification.

Nothing is extracted to disk and no runtime is used, since Core ML runs on Apple platforms only.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.model_build.inspection.errors import InspectionError
from mobile_ai.model_build.inspection.limits import InspectionLimits
from mobile_ai.model_build.inspection.wire import top_fields

_refused = InspectionError.advising("export the package again with coremltools")

_LINK: Final = 0o120000  # S_IFLNK in the upper half of a zip entry's attributes
_SUFFIXES: Final = frozenset({".mlmodel", ".bin", ".json", ""})


# Fields of CoreML.Specification.Model (Model.proto): specificationVersion 1, description 2,
# isUpdatable 10; the oneof of model types starts at 200.
_SPEC_VERSION: Final = 1
_SPEC_HEAD: Final = frozenset({_SPEC_VERSION, 2, 10})
_SPEC_KINDS: Final = range(200, 3001)
_MANIFEST: Final = ".mlpackage/Manifest.json"
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def check_coreml(data: bytes, *, limits: InspectionLimits, name: str) -> None:
    """Check the entries of a zipped Core ML package and its root model.

    Raises:
        InspectionError: If an entry leaves the folder, is a link, has an unexpected suffix, is
            duplicated or cannot be read; if the total uncompressed size exceeds
            ``limits.max_bytes``; or if there is no Core ML model.
    """
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
        _check_entries(entries, limits, name)
        # Bounded by the sizes checked above: zipfile reads at most `file_size` bytes of an entry.
        content = {entry.filename: _content(archive, entry, name) for entry in entries}
    _check_specification(content[_root(content, name)], name)


def _check_entries(entries: Iterable[zipfile.ZipInfo], limits: InspectionLimits, name: str) -> None:
    total = 0
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        total += entry.file_size
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
            raise _refused(name, f"entry {entry.filename!r}", "paths inside the package")
        if (entry.external_attr >> 16) & 0o170000 == _LINK:
            raise _refused(name, f"the link {entry.filename!r}", "regular files")
        if path.suffix not in _SUFFIXES:
            raise _refused(name, f"entry {entry.filename!r}", f"files {sorted(_SUFFIXES)}")
        if entry.compress_type not in _METHODS:
            raise _refused(name, f"compression {entry.compress_type}", "deflate, or none")
        if str(path).lower() in seen:
            # Extractors differ in which duplicate wins; macOS's file system is case-insensitive.
            raise _refused(name, f"entry {entry.filename!r} twice", "every path once")
        seen.add(str(path).lower())
    if total > limits.max_bytes:
        raise _refused(name, f"{total} bytes when unpacked", f"at most {limits.max_bytes}")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise _refused(
            name, f"entry {entry.filename!r} that cannot be read ({error})", "a whole zip file"
        ) from error


def _root(content: dict[str, bytes], name: str) -> str:
    """Return the path of the package's root model, or of the only ``.mlmodel``."""
    manifests = [item for item in content if item.endswith(_MANIFEST)]
    if len(manifests) > 1:
        raise _refused(name, f"{len(manifests)} packages", "one")
    if not manifests:
        models = [item for item in content if item.endswith(".mlmodel")]
        if len(models) != 1:
            raise _refused(name, f"{len(models)} models", "one")
        return models[0]
    try:
        manifest = read_json(content[manifests[0]].decode(), name=manifests[0])
        path = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
    except (UnicodeDecodeError, DocumentError, KeyError, TypeError) as error:
        raise _refused(
            name, f"a Manifest.json without a root model ({error!r:.80})", "one that names it"
        ) from error
    root = f"{manifests[0].removesuffix('Manifest.json')}Data/{path}"
    if root not in content:
        raise _refused(name, f"no entry {root!r:.200}", "the model that Manifest.json names")
    return root


def _check_specification(data: bytes, name: str) -> None:
    """Check that the top-level fields are those of a Core ML specification."""
    fields = list(top_fields(data, name=name, what="a Core ML model, whole"))
    kinds = {field for field in fields if field in _SPEC_KINDS}
    if _SPEC_VERSION not in fields or len(kinds) != 1 or set(fields) - _SPEC_HEAD - kinds:
        raise _refused(
            name, f"a message of fields {sorted(set(fields))[:8]}", "a Core ML specification"
        )
