"""Renews ``timestamp.json``, which is never in Git.

In the cloud a scheduled function does this with a key that never leaves KMS; the command here
does the same for a sandbox, a mirror or a site without a cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Timestamp

from mobile_ai.contracts.files import write_whole
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import ReleaseHistory, to_bytes
from mobile_ai.delivery.repository.roles import lifetime
from mobile_ai.delivery.repository.signing import sign_role


def refresh_timestamp(
    path: Path,
    releases: ReleaseHistory,
    *,
    signers: Sequence[Signer],
    now: datetime,
    life: timedelta | None = None,
) -> int:
    """Write the next ``timestamp.json`` and return its version.

    The version is at least the minutes since 1970, as the deployed signer's: it grows even after
    the last file was lost.

    Raises:
        ReleaseError: If nothing is released, the key is not the role's, or the snapshot is older
            than the last signed one.
    """
    snapshot = releases.snapshot
    if snapshot is None:
        raise _wrong("snapshot", "none", "a release", "run mobile-ai release publish first")
    last = _last(path)
    meta = MetaFile.from_data(snapshot.signed.version, to_bytes(snapshot), ["sha256"])
    if last is not None and last.snapshot_meta.version > meta.version:
        raise _wrong(
            str(path),
            f"snapshot {meta.version}",
            f"at least {last.snapshot_meta.version}, which devices have seen",
            "merge the protected branch: it has a newer release",
        )
    body = Timestamp(
        version=max((last.version if last else 0) + 1, int(now.timestamp()) // 60),
        expires=(now + (life or lifetime("timestamp"))).replace(microsecond=0),
        snapshot_meta=meta,
    )
    duty = releases.root.signed.roles["timestamp"]
    data = to_bytes(sign_role("timestamp", body, duty, signers))
    write_whole(path, data)
    return body.version


def check_timestamp_key(releases: ReleaseHistory, signers: Sequence[Signer]) -> None:
    """Refuse keys that cannot sign the timestamp, before anything is uploaded.

    Raises:
        ReleaseError: If none of them is the role's.
    """
    known = releases.root.signed.roles["timestamp"].keyids
    given = [signer.public_key.keyid for signer in signers]
    if not set(known) & set(given):
        got = ", ".join(item[:12] for item in given) or "no key"
        expected = ", ".join(item[:12] for item in known)
        raise _wrong("role timestamp", got, expected, "name the role's key in the list of signers")


def _last(path: Path) -> Timestamp | None:
    if not path.exists():
        return None
    try:
        metadata: Metadata[Timestamp] = Metadata.from_bytes(path.read_bytes())
    except RepositoryError as error:
        raise _wrong(str(path), str(error), "a timestamp", "remove the file") from error
    return metadata.signed


def _wrong(what: str, got: str, expected: str, next_step: str) -> ReleaseError:
    return ReleaseError(what, got=got, expected=expected, next_step=next_step)
