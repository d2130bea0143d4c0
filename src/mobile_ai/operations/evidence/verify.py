"""Verifies a bundle with the trust of a checkout: files, signature and evidence of the model."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pydantic import ValidationError

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, EvidenceError
from mobile_ai.contracts.evidence import verify_model
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.schema_errors import schema_problem
from mobile_ai.contracts.statements import load_envelope
from mobile_ai.contracts.trust import Trust
from mobile_ai.operations.evidence.answer import MANIFEST
from mobile_ai.operations.evidence.bundle import (
    BUILD_TYPE,
    INDEX,
    ROLE,
    SIGNATURE,
    BundleIndex,
    archive,
    indexed,
)

_MAX_FILES: Final = 6_000  # a record of each application, and the others
_MAX_BYTES: Final = 100_000_000

_broken = EvidenceError.advising(
    "have its author write it again (`mobile-ai evidence`), and keep the archive as it was sent"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBundle:
    """A bundle whose files are those of its index.

    Attributes:
        index: The index.
        sha256: Digest of the index.
        signers: Owners of the keys that signed it; empty if it is not signed.
    """

    index: BundleIndex
    sha256: str
    signers: tuple[str, ...]


def read_archive(data: bytes, *, name: str) -> dict[str, bytes]:
    """Return the files of a bundle by path, within bounds.

    Raises:
        EvidenceError: It is no archive as bundles are written: names of other files or folders
            outside, compressed, repeated, too many or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            entries = opened.infolist()
            _check_entries(entries, name)
            files = {entry.filename: opened.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise _broken(name, f"{type(error).__name__}: {error}", "an evidence bundle") from error
    # What lies between, before or behind the files is in no index: other tools may show it.
    if archive(files) != data:
        got = "other bytes than its files make: a comment, an attribute, an order, an addition"
        raise _broken(name, got, "an archive as `mobile-ai evidence` writes it")
    return files


def verify_bundle(data: bytes, trust: Trust, *, name: str) -> VerifiedBundle:
    """Verify a bundle; its own copy of the trust is not used.

    Args:
        data: The archive.
        trust: Trust of the environment, as in Git.
        name: Name of the archive, for messages.

    Raises:
        GovernanceError: For the first check that fails.
    """
    files = read_archive(data, name=name)
    index = _index(files, name)
    listed = {one.path: one for one in index.files}
    found = {path: indexed(path, file) for path, file in files.items()}
    for path in sorted(listed.keys() | found.keys() - {INDEX, SIGNATURE}):
        if listed.get(path) != found.get(path):
            raise _broken(f"{name}: {path}", "another file than its index names", "the same")
    digest = sha256_bytes(files[INDEX])
    signers = _signers(files, digest, trust, name) if SIGNATURE in files else ()
    _check_model(files, index, trust, name)
    return VerifiedBundle(index=index, sha256=digest, signers=signers)


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    names = [entry.filename for entry in entries]
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _MAX_FILES or total > _MAX_BYTES or len({*names}) != len(names):
        got = f"{len(entries)} files, {len({*names})} names, {total} bytes"
        raise _broken(name, got, f"at most {_MAX_FILES} files and {_MAX_BYTES} bytes, no repeats")
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        is_odd = not parts or {"..", "/"} & {*parts} or "\\" in entry.filename or entry.is_dir()
        if is_odd or entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise _broken(f"{name}: {entry.filename}", "an odd entry", "a plain file, not packed")


def _index(files: Mapping[str, bytes], name: str) -> BundleIndex:
    expected = "the index of an evidence bundle"
    if INDEX not in files:
        raise _broken(f"{name}: {INDEX}", "none", expected)
    try:
        value = read_json(files[INDEX].decode(), name=f"{name}: {INDEX}")
        return BundleIndex.model_validate_json(json.dumps(value))
    except ValidationError as error:
        raise _broken(f"{name}: {INDEX}", str(schema_problem(error)), expected) from error
    except (UnicodeDecodeError, DocumentError) as error:
        raise _broken(f"{name}: {INDEX}", str(error).splitlines()[0], expected) from error


def _signers(files: Mapping[str, bytes], digest: str, trust: Trust, name: str) -> tuple[str, ...]:
    what = f"{name}: {SIGNATURE}"
    envelope = load_envelope(_text(files, SIGNATURE, name), name=what)
    statement = trust.verify(envelope, role=ROLE, name=what, released=True)
    kind = statement.predicate["buildDefinition"]["buildType"]
    if statement.digests != {digest} or kind != BUILD_TYPE:
        raise _broken(what, f"a {kind} of another file", f"a {BUILD_TYPE} of {INDEX}")
    keyids = trust.signed_by(envelope, ROLE, states=("active", "superseded"))
    return tuple(f"{trust.keys[one].owner} ({one[:12]})" for one in sorted(keyids))


def _check_model(files: Mapping[str, bytes], index: BundleIndex, trust: Trust, name: str) -> None:
    text = _text(files, MANIFEST, name)
    manifest, _ = read_manifest(text, name=f"{name}: {MANIFEST}")
    evidence: dict[str, str] = {
        one.kind: _text(files, one.file, name) for one in manifest.statements
    }
    verified = verify_model(text, evidence, pin=index.manifest, trust=trust, released=True)
    data = verified.manifest.metadata
    if (data.name, data.version) != (index.model, index.version):
        raise _broken(f"{name}: {INDEX}", f"{index.model} {index.version}", f"{data.name}")


def _text(files: Mapping[str, bytes], path: str, name: str) -> str:
    try:
        return files[path].decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise _broken(f"{name}: {path}", f"{type(error).__name__}", "a text file") from error
