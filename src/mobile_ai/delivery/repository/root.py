"""Root role of a stack's releases: creation and rotation of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from securesystemslib.signer import Key, Signer
from tuf.api.metadata import Metadata, Role, Root

from mobile_ai.contracts.files import write_whole
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import ReleaseHistory, to_bytes, write_new
from mobile_ai.delivery.repository.keys import Signers
from mobile_ai.delivery.repository.roles import lifetime, threshold
from mobile_ai.delivery.repository.signing import collect, missing, require_role, staged_path
from mobile_ai.signing.files import check_writable

_ROLES: Final = ("root", "targets", "snapshot", "timestamp")


def first_root(
    folder: Path, signers: Signers, *, now: datetime, timestamp: Key | None = None
) -> Metadata[Root]:
    """Write version 1 of a stack's root, which applications embed.

    Args:
        folder: ``releases/<stack>``.
        signers: Keys of root, targets and snapshot (and timestamp, unless ``timestamp`` is given).
        now: Start of its lifetime.
        timestamp: The public key of the online signer.

    Raises:
        ReleaseError: If there is a root already, or a role has too few keys.
    """
    check_no_root(folder)
    body = Root(version=1, expires=_expiry(now), consistent_snapshot=True)
    _name_keys(body, _keys(signers, timestamp))
    return _signed(folder, body, [body], signers.get("root", ()))


def check_no_root(folder: Path) -> None:
    """Refuse to create a second first root, or one that cannot be written.

    Raises:
        ReleaseError: If there is a root already.
        SigningError: If it cannot be written.
    """
    path = folder / "metadata" / "1.root.json"
    check_writable([path])
    if path.exists():
        raise ReleaseError(
            str(folder),
            got="a root",
            expected="none",
            next_step="change keys with mobile-ai release rotate; devices trust the first root",
        )


def rotate_root(
    folder: Path,
    releases: ReleaseHistory,
    *,
    signers: Signers,
    now: datetime,
    timestamp: Key | None = None,
) -> Metadata[Root]:
    """Write the next root, whose roles have exactly the given keys.

    A key that is no longer named is revoked: its signatures stop counting. The new root is signed
    by the thresholds of the old and of the new keys (TUF 1.0.34, client workflow 5.3.4).

    Raises:
        ReleaseError: If old or new keys are too few.
    """
    current = releases.root.signed
    body = Root(version=current.version + 1, expires=_expiry(now), consistent_snapshot=True)
    keys = _keys(signers, timestamp)
    for role in _ROLES:
        # A role without given keys keeps its current ones.
        keys.setdefault(role, [current.keys[keyid] for keyid in current.roles[role].keyids])
    _name_keys(body, keys)
    both = [*signers.get("root", ()), *signers.get("root-before", ())]
    return _signed(folder, body, [current, body], both)


def _keys(signers: Signers, timestamp: Key | None) -> dict[str, list[Key]]:
    keys = {role: [item.public_key for item in signers[role]] for role in _ROLES if role in signers}
    if timestamp is not None:
        keys["timestamp"] = [timestamp]
    return keys


def _name_keys(body: Root, keys: Mapping[str, Sequence[Key]]) -> None:
    for role in _ROLES:
        found = {key.keyid: key for key in keys.get(role, ())}
        if len(found) < threshold(role):
            raise ReleaseError(
                f"role {role}",
                got=f"{len(found)} key{'s' * (len(found) != 1)}",
                expected=f"at least {threshold(role)}",
                next_step="add keys to the list of signers",
            )
        body.roles[role].threshold = threshold(role)
        for key in found.values():
            body.add_key(key, role)


def _signed(
    folder: Path, body: Root, demanding: Sequence[Root], signers: Sequence[Signer]
) -> Metadata[Root]:
    """Write a root once the thresholds of all demanding roots are met; otherwise stage it.

    Raises:
        ReleaseError: If signatures are still missing; those so far are staged.
    """
    duties = [item.roles["root"] for item in demanding]
    keys = {keyid: key for item in demanding for keyid, key in item.keys.items()}
    everybody = Role(list(dict.fromkeys(keyid for duty in duties for keyid in duty.keyids)), 1)
    for signer in signers:
        require_role("root", everybody, [signer])
    staged = staged_path(folder, "root", body.version)
    metadata = collect(body, everybody, signers, staged=staged, keys=keys)
    for duty, whose in zip(reversed(duties), ("root", "root (previous keys)"), strict=False):
        own = {
            item: metadata.signatures[item] for item in duty.keyids if item in metadata.signatures
        }
        if lacking := missing(whose, Metadata(body, own), duty):
            write_whole(staged, to_bytes(metadata))
            raise lacking
    write_new(folder / "metadata" / f"{body.version}.root.json", to_bytes(metadata))
    staged.unlink(missing_ok=True)
    return metadata


def _expiry(now: datetime) -> datetime:
    return (now + lifetime("root")).replace(microsecond=0)
