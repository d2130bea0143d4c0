"""Creates key pairs and loads signers by URI.

``file2:PATH`` is a PEM file (PKCS #8; Ed25519 or P-256), ``awskms:KEY`` a key in AWS KMS,
``sigstore:...`` an identity; a scheme that does not expose its public key needs it from the caller.
Private keys never belong in the repository.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

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
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    AWSSigner,
    CryptoSigner,
    Key,
    Signer,
    SigstoreSigner,
    SSlibKey,
)

from mobile_ai.contracts.files import write_beside, write_whole
from mobile_ai.signing.errors import SigningError

KeyKind = Literal["p256", "ed25519"]
"""Kinds of keys that are created: P-256, as AWS KMS has them, and Ed25519."""
FILE_SCHEME: Final = "file2:"
"""Scheme of a PEM file."""
KMS_SCHEME: Final = "awskms:"
"""Scheme of a key in AWS KMS."""
KMS_ALGORITHM: Final = "ecdsa-sha2-nistp256"
"""Signature scheme of keys in AWS KMS."""
_ARN_PARTS: Final = 6  # arn:partition:service:region:account:resource
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._@-]{0,63}")


def pair_path(folder: Path, name: str) -> Path:
    """Return the path of a person's or a job's private key.

    Raises:
        SigningError: If the name does not fit in the name of a file.
    """
    if not _NAME.fullmatch(name):
        raise SigningError(
            f"name {name!r}",
            got="another form of name",
            expected="1 to 64 letters, digits, '.', '_', '-' or '@', beginning with a letter",
            next_step="name it after its person, as in `mobile-ai key new ada`",
        )
    return folder.expanduser() / f"{name}.pem"


def create_pair(path: Path, *, kind: KeyKind = "p256", complete: bool = False) -> Key:
    """Write a key pair, ``PATH`` (PEM, PKCS #8, mode 0600) and ``PATH`` with suffix ``.pub``.

    Args:
        path: The private half.
        kind: Kind of key.
        complete: Whether to keep a private half that is there, and write its public half.

    Returns:
        The public key.

    Raises:
        SigningError: If one of both files exists, or cannot be written; neither is left then.
    """
    public = path.with_suffix(".pub")
    if complete and path.is_file():
        held = load_signer(f"{FILE_SCHEME}{path}").public_key
        write_whole(public, str(held.keyval["public"]).encode())
        return held
    private = generate_private_key(SECP256R1()) if kind == "p256" else Ed25519PrivateKey.generate()
    for there in (path, public):
        if there.exists() or there.is_symlink():
            raise SigningError(
                str(there),
                got="a file",
                expected="none; keys are never written over",
                next_step="use the key that is there, or name another file",
            )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_pair(path, public, private)
    except OSError as error:
        raise SigningError(
            str(path),
            got=error.strerror or type(error).__name__,
            expected="a folder that can be written",
            next_step="name a folder of your own, outside of the repository",
        ) from error
    return public_key(public)


def load_signer(
    uri: str, *, base: Path = Path(), public: Callable[[], Key] | None = None
) -> Signer:
    """Return the signer that a URI names.

    Args:
        uri: See the module.
        base: Folder that a relative path of ``file2:`` is relative to.
        public: Returns the public key, for a scheme that does not expose it.

    Raises:
        SigningError: If the scheme is unknown or the key cannot be loaded.
    """
    SIGNER_FOR_URI_SCHEME.setdefault(SigstoreSigner.SCHEME, SigstoreSigner)
    scheme = uri.partition(":")[0]
    if ":" not in uri or scheme not in SIGNER_FOR_URI_SCHEME:
        raise SigningError(
            f"signer {uri}",
            got=f"scheme {scheme if ':' in uri else ''!r}",
            expected=f"one of {sorted(SIGNER_FOR_URI_SCHEME)}",
            next_step="name a key such as file2:/path/to/key.pem or awskms:alias/builder",
        )
    try:
        return _loaded(uri, base, public)
    except SigningError:
        raise
    except Exception as error:  # each scheme raises its own library's errors
        raise SigningError(
            f"signer {uri}",
            got=f"{type(error).__name__}: {error}",
            expected="a key that can sign",
            next_step="check the path, the password and the permissions of the key",
        ) from error


def public_key(path: Path) -> Key:
    """Return the public key of a PEM file, such as that of a key in KMS.

    Raises:
        SigningError: If it cannot be read.
    """
    try:
        return SSlibKey.from_crypto(load_pem_public_key(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise SigningError(
            str(path),
            got=f"{type(error).__name__}: {error}",
            expected="a public key in a PEM file",
            next_step="check the path; `mobile-ai key new` writes such a file",
        ) from error


def kms_public_key(uri: str) -> Key:
    """Return the public key of a key in AWS KMS; raises the errors of its API."""
    with _region_of(uri):
        return AWSSigner.import_(uri.removeprefix(KMS_SCHEME), KMS_ALGORITHM)[1]


@contextmanager
def _region_of(uri: str) -> Iterator[None]:
    """Let clients be made in the region that the ARN of a key names, whatever the environment's."""
    import boto3  # noqa: PLC0415  # heavy, and only keys in KMS need it

    arn = uri.removeprefix(KMS_SCHEME).split(":")
    if arn[0] != "arn" or len(arn) < _ARN_PARTS:
        yield
        return
    before = boto3.DEFAULT_SESSION
    boto3.setup_default_session(region_name=arn[3])
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = before


def _loaded(uri: str, base: Path, public: Callable[[], Key] | None) -> Signer:
    if uri.startswith(FILE_SCHEME):
        pem = (base / uri.removeprefix(FILE_SCHEME)).read_bytes()
        return CryptoSigner(load_pem_private_key(pem, None))
    if uri.startswith(KMS_SCHEME):
        with _region_of(uri):
            name, key = AWSSigner.import_(uri.removeprefix(KMS_SCHEME), KMS_ALGORITHM)
            return Signer.from_priv_key_uri(name, key)
    if public is None:
        raise SigningError(
            f"signer {uri}",
            got="a scheme that does not expose its public key",
            expected=f"{FILE_SCHEME}PATH or {KMS_SCHEME}KEY",
            next_step="name a PEM file or a KMS key (docs/people.md)",
        )
    return Signer.from_priv_key_uri(uri, public())


def _write_pair(path: Path, public: Path, key: EllipticCurvePrivateKey | Ed25519PrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    text = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    written: list[Path] = []
    try:
        for item, data, mode in ((path, pem, 0o600), (public, text, 0o644)):
            draft = write_beside(item, data, mode=mode)
            try:
                # Unlike a rename, a link never replaces a file that appeared meanwhile.
                os.link(draft, item)
            finally:
                draft.unlink()
            written.append(item)
    except BaseException:
        for item in written:
            item.unlink(missing_ok=True)
        raise
