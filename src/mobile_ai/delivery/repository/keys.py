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
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.roles import ring_role, threshold
from mobile_ai.delivery.repository.signing import Elsewhere
from mobile_ai.signing.keys import FILE_SCHEME, create_pair, load_signer, public_key

_PUBLIC: Final = "public:"

Signers = Mapping[str, Sequence[Signer]]
"""Available signers, by role."""


def create_keys(listing: Path, rings: Sequence[str]) -> None:
    """Create key pairs (``.pem`` and ``.pub``) for all roles, and the list of signers beside them.

    Ed25519, but P-256 for ``timestamp``, as the deployed signer's KMS key is.

    Raises:
        ReleaseError: If the list or a key exists in the folder already.
        SigningError: If a key cannot be written.
    """
    folder = listing.parent
    there = [path for path in (listing, *sorted(folder.glob("*.pem"))) if path.exists()]
    if there:
        raise ReleaseError(
            str(there[0]),
            got="keys",
            expected="a folder without keys",
            next_step="use these keys, or name a list in another folder with --signers",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    roles = ["root", "targets", "models", "halt", "snapshot", "timestamp"]
    uris: dict[str, list[str]] = {}
    for role in [*roles, *map(ring_role, rings)]:
        for number in range(1, threshold(role) + 1):
            path = folder / f"{role}-{number}.pem"
            create_pair(path, kind="p256" if role == "timestamp" else "ed25519")
            uris.setdefault(role, []).append(f"{FILE_SCHEME}{path.name}")
    listing.write_text(dump_yaml({"signers": uris}), encoding="utf-8")


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
