"""Canonical JSON bytes (RFC 8785, JSON Canonicalization Scheme) and SHA-256 digests.

Equal values give equal bytes, so that a digest or signature has one meaning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from mobile_ai.contracts.errors import DocumentError

SHA256_PATTERN: Final = r"^[0-9a-f]{64}$"
"""The one spelling of a SHA-256 digest, for schemas; code calls ``parse_sha256``."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def canonical_bytes(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        DocumentError: If the value has no canonical form (NaN, an integer beyond 2**53, a
            key that is not a string).
    """
    # RFC 8785 is defined on I-JSON (RFC 7493): numbers are IEEE 754 doubles, integers exact up
    # to 2**53.
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise DocumentError(
            "canonical form",
            got=str(error),
            expected="JSON values only (RFC 8785)",
            next_step="remove the value that JSON cannot hold",
        ) from error


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 digest of some bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_text(text: str) -> str:
    """Return the SHA-256 digest of a text's UTF-8 bytes."""
    return sha256_bytes(text.encode("utf-8"))


def parse_sha256(value: object, *, name: str) -> str:
    """Return a SHA-256 digest that was read from a document, after checking its spelling.

    Digests become file names, object keys and mapping keys. A valid signature does not make a
    value well-formed: a path in place of a digest would be a path traversal.

    Args:
        value: The value to check.
        name: The field's name, for messages.

    Raises:
        DocumentError: If it is not 64 lower-case hexadecimal digits.
    """
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value
    raise DocumentError(
        name,
        got=repr(value)[:80],
        expected="a SHA-256 digest: 64 lower-case hexadecimal digits",
        next_step="write the document again with the `mobile-ai` command that made it",
    )


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """Return the digest that statements sign: that of the manifest without its list of them.

    The list is left out because it holds the digests of those statements.
    """
    unsigned = statements_key(manifest)
    return sha256_bytes(
        canonical_bytes({key: value for key, value in manifest.items() if key != unsigned})
    )


def statements_key(manifest: Mapping[str, Any]) -> str:
    """Return the key of a manifest's list of signed statements."""
    # `evidence` of mobile-ai/v2 holds measurements, which are signed.
    return "statements" if manifest.get("apiVersion") == "mobile-ai/v2" else "evidence"
