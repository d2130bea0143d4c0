"""Public keys that a trust takes in: a PEM file, or a key in AWS KMS named by its URI."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from securesystemslib.signer import Key

from mobile_ai.signing.errors import SigningError
from mobile_ai.signing.keys import KMS_SCHEME, kms_public_key, public_key
from mobile_ai.signing.trust.people import TrustChangeError

_SCHEMES: Final = frozenset({"ecdsa-sha2-nistp256", "ed25519"})
_PRIVATE: Final = b"PRIVATE KEY-----"

_unreadable = TrustChangeError.advising(
    "name the file that `mobile-ai key new` wrote beside the private key, or awskms:KEY"
)


def read_public_key(source: str, *, base: Path = Path()) -> Key:
    """Return the public key that a PEM file or a KMS key holds.

    Args:
        source: A path, or ``awskms:KEY``.
        base: The folder that a relative path is relative to.

    Raises:
        TrustChangeError: If it cannot be read, is a private key, or of a kind that is not used.
    """
    try:
        key = kms_public_key(source) if source.startswith(KMS_SCHEME) else _file(base / source)
    except SigningError:
        raise
    except Exception as error:  # boto3 and securesystemslib have no common base
        raise _unreadable(
            f"key {source}", f"{type(error).__name__}: {error}", "a public key (PEM) or a KMS key"
        ) from error
    if key.scheme not in _SCHEMES:
        raise _unreadable(
            f"key {source}", f"scheme {key.scheme}", f"one of {', '.join(sorted(_SCHEMES))}"
        )
    return key


def _file(path: Path) -> Key:
    if path.is_file() and _PRIVATE in path.read_bytes():
        raise _unreadable(
            f"key {path}", "a private key, which stays with its owner", "its public half"
        )
    return public_key(path)
