"""Encrypts cached model files at rest, for applications that require it.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce per file and the file's digest as
additional data, so that one encrypted file cannot replace another. The key comes from the
platform's key store. It does not protect the model from the running application itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mobile_ai.delivery.errors import UpdateError

KEY_BYTES: Final = 32
"""Length of an encryption key: AES-256."""
_NONCE: Final = 12  # bytes


def seal(key: bytes, sha256: str, data: bytes) -> bytes:
    """Encrypt the file with this digest; the result is nonce, ciphertext and tag."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, sha256.encode())


def unseal(key: bytes, sha256: str, sealed: bytes) -> bytes | None:
    """Decrypt a file; ``None`` if the key differs or the bytes were changed."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], sha256.encode())
    except (InvalidTag, ValueError):
        return None


def read_key(path: Path) -> bytes:
    """Read a key from a file of 32 bytes or of 64 hexadecimal digits.

    Raises:
        UpdateError: If it is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unfit(path, error.strerror or "no file") from error
    if len(data) == KEY_BYTES:
        return data
    try:
        key = bytes.fromhex(data.decode("ascii"))
    except ValueError as error:
        raise _unfit(path, f"{len(data)} bytes") from error
    if len(key) != KEY_BYTES:
        raise _unfit(path, f"{len(key)} bytes in hexadecimal")
    return key


def _unfit(path: Path, got: str) -> UpdateError:
    return UpdateError(
        str(path),
        got=got,
        expected=f"{KEY_BYTES} random bytes, or {2 * KEY_BYTES} hexadecimal digits",
        next_step=f"head -c {KEY_BYTES} /dev/urandom > KEY_FILE",
    )
