"""Loads signers by URI and creates keys.

``file2:PATH`` is a PEM file (PKCS #8; Ed25519 or P-256), ``awskms:KEY`` a key in AWS KMS, and
``public:PATH`` the public part of a key held elsewhere. Private keys never belong below
``releases/``, whose content is public.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import AWSSigner, CryptoSigner, Key, Signer, SSlibKey

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.roles import ring_role, threshold
from mobile_ai.delivery.repository.signing import Elsewhere

_FILE: Final = "file2:"
_KMS: Final = "awskms:"
_PUBLIC: Final = "public:"

Signers = Mapping[str, Sequence[Signer]]
"""Available signers, by role."""


def create_keys(listing: Path, rings: Sequence[str]) -> None:
    """Create key pairs (``.pem`` and ``.pub``) for all roles, and the list of signers beside them.

    Ed25519, but P-256 for ``timestamp``, as the deployed signer's KMS key is.

    Raises:
        ReleaseError: If the list or a key exists in the folder already.
    """
    folder = listing.parent
    there = [path for path in (listing, *sorted(folder.glob("*.pem"))) if path.exists()]
    if there:
        raise ReleaseError(
            str(there[0]),
            got="keys",
            expected="a folder without keys",
            next_step="use these keys, or name another folder",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    roles = ["root", "targets", "models", "halt", "snapshot", "timestamp"]
    uris: dict[str, list[str]] = {}
    for role in [*roles, *map(ring_role, rings)]:
        for number in range(1, threshold(role) + 1):
            path = folder / f"{role}-{number}.pem"
            _write_pair(path, _fresh(role))
            uris.setdefault(role, []).append(f"{_FILE}{path.name}")
    listing.write_text(dump_yaml({"signers": uris}), encoding="utf-8")


def read_signers(listing: Path) -> dict[str, list[Signer]]:
    """Return the signers of a list; relative paths are relative to it.

    Raises:
        ReleaseError: If the list or a key cannot be read.
    """
    try:
        value = read_yaml(listing.read_text(encoding="utf-8"), name=str(listing))
        uris = {str(role): [str(uri) for uri in items] for role, items in value["signers"].items()}
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(str(listing), error) from error
    return {
        role: [load_signer(uri, base=listing.parent) for uri in items]
        for role, items in uris.items()
    }


def load_signer(uri: str, *, base: Path = Path()) -> Signer:
    """Return the signer that a URI names (see the module).

    Raises:
        ReleaseError: If the scheme is unknown, or the key cannot be loaded.
    """
    try:
        if uri.startswith(_FILE):
            pem = (base / uri.removeprefix(_FILE)).read_bytes()
            return CryptoSigner(load_pem_private_key(pem, None))
        if uri.startswith(_PUBLIC):
            return Elsewhere(public_key(base / uri.removeprefix(_PUBLIC)))
        if uri.startswith(_KMS):
            name, key = AWSSigner.import_(uri.removeprefix(_KMS))
            return Signer.from_priv_key_uri(name, key)
    except Exception as error:  # each scheme raises what its own library raises
        raise _unreadable(f"signer {uri}", error) from error
    raise ReleaseError(
        f"signer {uri}",
        got="another scheme",
        expected=f"{_FILE}PATH, {_KMS}KEY or {_PUBLIC}PATH",
        next_step="name a PEM file, a KMS key, or the public part of a key kept elsewhere",
    )


def public_key(path: Path) -> Key:
    """Return the public key of a PEM file, such as that of a key in KMS."""
    try:
        return SSlibKey.from_crypto(load_pem_public_key(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise _unreadable(str(path), error) from error


def _fresh(role: str) -> EllipticCurvePrivateKey | Ed25519PrivateKey:
    return (
        generate_private_key(SECP256R1()) if role == "timestamp" else Ed25519PrivateKey.generate()
    )


def _write_pair(path: Path, key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)


def _unreadable(what: str, error: Exception) -> ReleaseError:
    return ReleaseError(
        what,
        got=f"{type(error).__name__}: {error}",
        expected="a key that can be read",
        next_step="check the path or the rights of this machine",
    )
