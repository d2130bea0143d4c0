"""A stack's signed release as files to upload: read from ``releases/<stack>``, verified, ordered.

What is named comes before who names it: targets, then the roles that name them, then the snapshot,
then roots (TUF 1.0.34, section 6.2). The timestamp is not among them; nobody sees a release before
the online signer vouches for its snapshot.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.files import is_draft
from mobile_ai.contracts.released import ReleasedTarget, SignedRelease, read_release, served_name
from mobile_ai.stack.records import RecordError, plain_bytes

_RESTORE: Final = "restore it from the protected branch, or run mobile-ai release publish"
_SIGNED: Final = "the files of a signed release"
_unfit = RecordError.advising(_RESTORE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    """A file of a release and where it is served.

    Attributes:
        key: Such as ``metadata/3.snapshot.json``.
        path: In the repository.
        sha256: Of its bytes.
        step: 0 targets, 1 roles, 2 snapshot, 3 roots: each after the one before.
        leads_to: Digest of the artifact that a patch leads to, else empty.
    """

    key: str
    path: str
    sha256: str
    step: int
    leads_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRelease:
    """Last release of a stack; empty before its first.

    Attributes:
        files: In the order of uploading.
        metadata: Text of its metadata by file name, for rules to verify again.
    """

    files: tuple[ReleaseFile, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


def load_release(root: Path, stack: str) -> StackRelease:
    """Read and verify ``releases/<stack>``.

    Args:
        root: The repository.
        stack: Name of the stack.

    Raises:
        RecordError: If a file is missing, a link, too large, not what was signed, or not signed
            by who should have.
    """
    folder = f"releases/{stack}"
    names = _metadata(root, folder)
    contents = {name: plain_bytes(root, f"{folder}/metadata/{name}", key=folder) for name in names}
    if not contents:
        return StackRelease()
    try:
        texts = {name: data.decode("utf-8") for name, data in contents.items()}
        release = read_release(texts)
    except (GovernanceError, UnicodeDecodeError) as error:
        raise _unfit(folder, str(error), _SIGNED) from error
    if release is None:
        return StackRelease()
    used = (*release.roots, *release.roles, release.snapshot)
    return StackRelease(
        files=(*_targets(root, folder, release), *_uploads(release, folder, contents)),
        metadata={name: texts[name] for name in used},
    )


def _metadata(root: Path, folder: str) -> list[str]:
    directory = root / folder / "metadata"
    names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    return sorted(name for name in names if not is_draft(name))


def _targets(root: Path, folder: str, release: SignedRelease) -> Iterator[ReleaseFile]:
    """Yield what the roles name and the release brings itself; artifacts are in ``models/``."""
    for target in release.targets:
        if target.custom.get("kind") == "artifact":
            continue
        key = f"targets/{served_name(target.path, target.sha256)}"
        path = f"{folder}/{key}"
        data = plain_bytes(root, path, key=folder)
        if (_digest(data), len(data)) != (target.sha256, target.length):
            raise _unfit(folder, f"{path} with other bytes than signed", _SIGNED)
        yield ReleaseFile(
            key=key, path=path, sha256=target.sha256, step=0, leads_to=_leads_to(target)
        )


def _uploads(
    release: SignedRelease, folder: str, contents: Mapping[str, bytes]
) -> Iterator[ReleaseFile]:
    steps = [(release.roles, 1), ((release.snapshot,), 2), (release.roots, 3)]
    for names, step in steps:
        for name in names:
            key = f"metadata/{name}"
            digest = _digest(contents[name])
            yield ReleaseFile(key=key, path=f"{folder}/{key}", sha256=digest, step=step)


def _leads_to(target: ReleasedTarget) -> str:
    return str(target.custom["to"]) if target.custom.get("kind") == "patch" else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
