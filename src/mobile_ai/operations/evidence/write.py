"""Writes the bundles of a stack, each with its page beside it; a bundle that is there stays."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import Signer

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.files import write_whole
from mobile_ai.contracts.trust import Trust
from mobile_ai.operations.evidence.annex import technical_document
from mobile_ai.operations.evidence.bundle import (
    DOCUMENT,
    INDEX,
    SIGNATURE,
    archive,
    bundle_files,
    file_name,
    signed_index,
)
from mobile_ai.operations.evidence.document import TechnicalDocument
from mobile_ai.operations.evidence.subject import Evidence
from mobile_ai.operations.evidence.verify import verify_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBundle:
    """A bundle on disk.

    Attributes:
        path: The archive.
        page: The page beside it.
        sha256: Digest of the index, which is the same for the same evidence.
        signed: Whether the index is signed.
        changed: Whether it was written now.
        document: The technical documentation in it.
    """

    path: Path
    page: Path
    sha256: str
    signed: bool
    changed: bool
    document: TechnicalDocument


def write_bundles(
    evidence: tuple[Evidence, ...],
    folder: Path,
    *,
    stack_file_bytes: int,
    signer: Signer | None = None,
) -> Iterator[WrittenBundle]:
    """Write the bundle and the page of each deployed version.

    Args:
        evidence: The versions.
        folder: Where to write.
        stack_file_bytes: Size of the stack file.
        signer: A key of the trust's role `builder`; none: the index is not signed.

    Raises:
        OSError: A file cannot be written.
    """
    for about in evidence:
        files = bundle_files(about, stack_file_bytes=stack_file_bytes)
        digest = sha256_bytes(files[INDEX])
        path = folder / f"{file_name(about)}.zip"
        page = path.with_suffix(".html")
        same = _is_there(path, digest, about.trust, signed=signer is not None)
        if not same:
            if signer is not None:
                files[SIGNATURE] = signed_index(files[INDEX], signer, about=about)
            write_whole(path, archive(files))
        write_whole(page, files[f"{DOCUMENT}.html"])
        yield WrittenBundle(
            path=path,
            page=page,
            sha256=digest,
            signed=signer is not None or (same and _signed(path, about.trust)),
            changed=not same,
            document=technical_document(about),
        )


def _is_there(path: Path, digest: str, trust: Trust, *, signed: bool) -> bool:
    """Return whether an archive holds the same files, and a signature where one is asked for."""
    try:
        found = verify_bundle(path.read_bytes(), trust, name=path.name)
    except (OSError, GovernanceError):
        return False
    return found.sha256 == digest and (bool(found.signers) or not signed)


def _signed(path: Path, trust: Trust) -> bool:
    return bool(verify_bundle(path.read_bytes(), trust, name=path.name).signers)
