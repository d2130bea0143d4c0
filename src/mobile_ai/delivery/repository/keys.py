"""Loads signers by URI and creates keys.

``file2:PATH`` is a PEM file (PKCS #8; Ed25519 or P-256), ``awskms:KEY`` a key in AWS KMS, and
``public:PATH`` the public part of a key held elsewhere. Private keys never belong below
``releases/``, whose content is public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from securesystemslib.signer import Signer

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.files import write_whole
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.roles import ring_role, threshold
from mobile_ai.delivery.repository.signing import Elsewhere
from mobile_ai.signing.keys import FILE_SCHEME, create_pair, load_signer, public_key

_PUBLIC: Final = "public:"

Signers = Mapping[str, Sequence[Signer]]
"""Available signers, by role."""


def create_keys(listing: Path, rings: Sequence[str]) -> None:
    """Create key pairs (``.pem`` and ``.pub``) for all roles, and the list of signers beside them.

    Ed25519, but P-256 for ``timestamp``, as the deployed signer's KMS key is. The list is written
    last: keys of a run that was ended before are completed.

    Raises:
        ReleaseError: If the list or another key exists in the folder already.
        SigningError: If a key cannot be written.
    """
    folder = listing.parent
    roles = ["root", "targets", "models", "halt", "snapshot", "timestamp", *map(ring_role, rings)]
    paths = {
        role: [folder / f"{role}-{number + 1}.pem" for number in range(threshold(role))]
        for role in roles
    }
    ours = {path for items in paths.values() for path in items}
    there = [path for path in (listing, *sorted(folder.glob("*.pem"))) if path.exists()]
    # A list beside keys of ours: they are in use, and not those of a run that was ended.
    there = [path for path in there if path not in ours or any(folder.glob("*.yaml"))]
    if there:
        raise ReleaseError(
            str(there[0]),
            got="keys",
            expected="a folder without keys",
            next_step="use these keys, or name a list in another folder with --signers",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role, items in paths.items():
        for path in items:
            create_pair(path, kind="p256" if role == "timestamp" else "ed25519", complete=True)
    uris = {role: [f"{FILE_SCHEME}{path.name}" for path in items] for role, items in paths.items()}
    write_whole(listing, dump_yaml({"signers": uris}).encode())


def read_signers(listing: Path) -> dict[str, list[Signer]]:
    """Return the signers of a list; relative paths are relative to it.

    Raises:
        ReleaseError: If the list cannot be read.
        SigningError: If a key cannot be loaded.
    """
    try:
        value = read_yaml(listing.read_text(encoding="utf-8"), name=str(listing))
        uris = {str(role): [str(uri) for uri in items] for role, items in value["signers"].items()}
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(str(listing), error) from error
    return {role: [_signer(uri, listing.parent) for uri in items] for role, items in uris.items()}


def _signer(uri: str, base: Path) -> Signer:
    if uri.startswith(_PUBLIC):
        return Elsewhere(public_key(base / uri.removeprefix(_PUBLIC)))
    return load_signer(uri, base=base)


def _unreadable(what: str, error: Exception) -> ReleaseError:
    return ReleaseError(
        what,
        got=f"{type(error).__name__}: {error}",
        expected="a key that can be read",
        next_step="check the path in the list of signers, or the rights of this machine",
    )
