"""Reading signed records and model versions from the repository, within bounds.

A path comes from a pull request, so it may name a file below its folder and nothing
else: no absolute path, no dot segments, no symbolic link on the way, no large file.
"""

import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mobile_ai.contracts.canonical import sha256_bytes, sha256_text
from mobile_ai.contracts.documents import MAX_DOCUMENT_BYTES
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.manifest import ModelManifest, read_manifest
from mobile_ai.contracts.self_test import MAX_SELF_TEST_BYTES, check_self_test
from mobile_ai.stack.errors import Problem

MAX_RECORDS = 5_000
"""Largest number of files in one folder: a usage record per application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A model version as it stands in Git.

    Attributes:
        path: The manifest's path in the repository; what it names is beside it.
        sha256: Of the manifest's bytes; equal to the pin.
        text: The manifest, exactly.
        manifest: Its typed form.
        evidence: The text of each piece of evidence, by kind.
    """

    path: str
    sha256: str
    text: str
    manifest: ModelManifest
    evidence: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the model version in the plan."""
        return f"{self.manifest.metadata.name}-{self.manifest.metadata.version}"

    @property
    def scope_folder(self) -> str:
        """Folder of the records about further uses of the version."""
        return f"{PurePosixPath(self.path).parent}/scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A signed record: its path in the repository and its text."""

    name: str
    text: str


class RecordError(GovernanceError):
    """A file of the repository cannot be used; ``what`` is the key of the stack file."""

    @property
    def problem(self) -> Problem:
        """The error as a problem of the stack file."""
        return Problem(
            key=self.what, got=self.got, expected=self.expected, next_step=self.next_step
        )


_SIMILAR = (".yaml", ".yml")

_unusable = RecordError.advising("fix the path, or add the file")
_not_text = RecordError.advising("save the file as UTF-8, or restore it from the protected branch")
_altered = RecordError.advising("restore the file from the protected branch")


def load_model(root: Path, path: str, *, sha256: str, key: str) -> ModelFiles:
    """Read a manifest and its evidence from below ``models/``.

    Args:
        root: The repository.
        path: The manifest, as the stack file names it.
        sha256: The pin that its bytes must have.
        key: The key of the stack file to name in an error.

    Raises:
        RecordError: If a file is missing, is outside ``models/``, is too large or is not
            what its digest says; or if the self-test is none that can be released.
    """
    text = read_below(root, "models", path, key=f"{key}.manifest")
    actual = sha256_text(text)
    if actual != sha256:
        raise RecordError(
            f"{key}.sha256",
            got=sha256,
            expected=f"{actual}, the SHA-256 of {path} as it stands here",
            next_step="restore the file, or review the new version and pin its `sha256`",
        )
    try:
        manifest, _ = read_manifest(text, name=path)
    except GovernanceError as error:
        raise RecordError(
            f"{key}.manifest",
            got=error.got,
            expected=error.expected,
            next_step=error.next_step,
        ) from error
    _check_artifacts(root, path, manifest, key)
    _check_self_test(root, path, manifest, key)
    return ModelFiles(
        path=path,
        sha256=actual,
        text=text,
        manifest=manifest,
        evidence=_evidence(root, path, manifest, key),
    )


def load_records(root: Path, folder: str) -> list[Record]:
    """Read every ``*.yaml`` file directly in a folder, by name; none where there is none.

    Raises:
        RecordError: If one of them is a link, has a suffix that is nearly ours, is too large or is
            not text, or if there are too many.
    """
    directory = root / folder
    if not directory.is_dir():
        return []
    entries = sorted(entry.name for entry in directory.iterdir())
    names = [name for name in entries if name.endswith(".yaml")]
    unread = [name for name in entries if name.lower().endswith(_SIMILAR) and name not in names]
    if unread:
        raise RecordError(
            f"{folder}/{unread[0]}",
            got="a file that is not read",
            expected="records with the suffix .yaml",
            next_step="rename it to <name>.yaml, or remove it",
        )
    if len(names) > MAX_RECORDS:
        raise RecordError(
            folder,
            got=f"{len(names)} files",
            expected=f"at most {MAX_RECORDS}",
            next_step="remove the records that have expired",
        )
    paths = [f"{folder}/{name}" for name in names]
    return [Record(name=path, text=read_below(root, folder, path, key=folder)) for path in paths]


def check_placed(root: Path, folder: str, names: Collection[str], *, kind: str = "stack") -> None:
    """Refuse records that no stack would read: a withdrawal there would be lost in silence.

    Args:
        root: The repository.
        folder: Folder with one folder for each stack, or environment.
        names: The stacks or environments.
        kind: What the names are.

    Raises:
        RecordError: If a file lies in the folder itself, or in one that has no such name.
    """
    for error in misplaced(root, folder, names, kind=kind):
        raise error


def misplaced(
    root: Path, folder: str, names: Collection[str], *, kind: str = "stack"
) -> Iterator[RecordError]:
    """Yield an error for each record that no stack would read (see ``check_placed``)."""
    for entry in sorted((root / folder).iterdir()) if (root / folder).is_dir() else ():
        files = sorted(entry.rglob("*")) if entry.is_dir() and entry.name not in names else [entry]
        for file in files:
            if file.is_file() and file.suffix.lower() in _SIMILAR:
                yield RecordError(
                    file.relative_to(root).as_posix(),
                    got="a record that no stack reads",
                    expected=f"it in {folder}/<{kind}>/, of {sorted(names)}",
                    next_step=f"move it to {folder}/<{kind}>/, of policy-pack/stacks.yaml, or "
                    "remove it",
                )


def read_below(root: Path, folder: str, path: str, *, key: str) -> str:
    """Return the text of a file below a folder of the repository.

    Raises:
        RecordError: If it is missing, outside, a link, no plain file, too large or not UTF-8.
    """
    pure = PurePosixPath(path)
    inside = PurePosixPath(folder)
    if pure.is_absolute() or ".." in pure.parts or not pure.is_relative_to(inside):
        raise _unusable(key, f"{path}, which is not below {folder}/", f"a file below {folder}/")
    try:
        # Bytes as they are: a translated line end would change the digest.
        return plain_bytes(root, path, key=key).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_text(key, f"{path}, which is not UTF-8 {_at(error)}", "UTF-8 text") from error


def _at(error: UnicodeDecodeError) -> str:
    before = error.object[: error.start]
    line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    return f"in line {line}, byte {column}: 0x{error.object[error.start]:02x}"


def plain_bytes(root: Path, path: str, *, key: str, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the bytes of a plain file of the repository.

    Args:
        root: The repository.
        path: The file in it.
        key: The key of the stack file to name in an error.
        limit: Most bytes that are read.

    Raises:
        RecordError: If it is missing, a link, no plain file or too large.
    """
    return _bounded_bytes(_plain_path(root, path, key), path, key, limit)


def _plain_path(root: Path, path: str, key: str) -> Path:
    target = root
    for part in PurePosixPath(path).parts:
        target /= part
        if target.is_symlink():
            raise _unusable(key, f"{path}, where {part} is a symbolic link", "plain files")
    return target


def _bounded_bytes(target: Path, path: str, key: str, limit: int) -> bytes:
    try:
        status = target.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(key, f"{path}, which is not a plain file", "a plain file")
        if status.st_size > limit:
            size = f"{path} with {status.st_size} bytes"
            raise _altered(key, size, f"at most {limit} bytes")
        return target.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unusable(key, f"{path} ({reason.lower()})", "a file that can be read") from error


def _evidence(root: Path, path: str, manifest: ModelManifest, key: str) -> dict[str, str]:
    folder = str(PurePosixPath(path).parent)
    return {
        item.kind: read_below(root, folder, f"{folder}/{item.file}", key=f"{key}.manifest")
        for item in manifest.statements
    }


def _check_artifacts(root: Path, path: str, manifest: ModelManifest, key: str) -> None:
    """Refuse artifact files whose bytes are not those that were signed for.

    An artifact with an address of its own need not be in the repository.
    """
    folder = PurePosixPath(path).parent
    for artifact in manifest.artifacts:
        for item in artifact.files:
            file = str(folder / item.path)
            target = _plain_path(root, file, f"{key}.manifest")
            if artifact.uri is not None and not target.exists():
                continue
            actual = sha256_bytes(plain_bytes(root, file, key=f"{key}.manifest"))
            if actual != item.sha256:
                raise _altered(
                    f"{key}.manifest",
                    f"{file} with SHA-256 {actual}",
                    f"{item.sha256}, as the manifest says",
                )


def _check_self_test(root: Path, path: str, manifest: ModelManifest, key: str) -> None:
    """Refuse a self-test that cannot be released, or that no device would pass."""
    try:
        reference = manifest.stored_self_test
        if reference is None:
            return
        file = str(PurePosixPath(path).parent / reference.file)
        data = plain_bytes(root, file, key=f"{key}.manifest", limit=MAX_SELF_TEST_BYTES)
        actual = sha256_bytes(data)
        if actual != reference.digest:
            expected = f"{reference.digest}, as the manifest says"
            raise _altered(f"{key}.manifest", f"{file} with SHA-256 {actual}", expected)
        check_self_test(data, manifest)
    except RecordError:
        raise
    except GovernanceError as error:
        raise RecordError(
            f"{key}.manifest",
            got=f"{error.what}: {error.got}",
            expected=error.expected,
            next_step=error.next_step,
        ) from error
