"""Patches moto: KMS signs and verifies a digest as a digest.

Moto ignores `MessageType` and hashes a digest once more, so that a signature made with `DIGEST`
verifies with no public key (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html).
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms.exceptions import ValidationException
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

_HASHES = {
    "ECDSA_SHA_256": hashes.SHA256(),
    "ECDSA_SHA_384": hashes.SHA384(),
    "ECDSA_SHA_512": hashes.SHA512(),
}
_is_digest = ContextVar("_is_digest", default=False)


def take_digests_as_such() -> None:
    """Patch moto's ECDSA keys; a digest of another length is refused, as AWS refuses it."""
    for name in ("sign", "verify"):
        setattr(KmsResponse, name, _noting_type(getattr(KmsResponse, name)))
    sign: Callable[..., bytes] = ECDSAPrivateKey.sign
    verify: Callable[..., bool] = ECDSAPrivateKey.verify

    def sign_either(self: Any, message: bytes, signing_algorithm: str) -> bytes:
        if not _is_digest.get():
            return sign(self, message, signing_algorithm)
        algorithm = _algorithm(message, signing_algorithm)
        signature: bytes = self.private_key.sign(message, algorithm)
        return signature

    def verify_either(self: Any, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
        if not _is_digest.get():
            return verify(self, message, signature, signing_algorithm)
        algorithm = _algorithm(message, signing_algorithm)
        try:
            self.private_key.public_key().verify(signature, message, algorithm)
        except InvalidSignature:
            return False
        return True

    ECDSAPrivateKey.sign, ECDSAPrivateKey.verify = sign_either, verify_either


def _noting_type(answer: Callable[[Any], str]) -> Callable[[Any], str]:
    @wraps(answer)
    def noting(self: Any) -> str:
        token = _is_digest.set(self._get_param("MessageType") == "DIGEST")
        try:
            return answer(self)
        finally:
            _is_digest.reset(token)

    return noting


def _algorithm(digest: bytes, name: str) -> ECDSA:
    used = _HASHES[name]
    if len(digest) != used.digest_size:
        raise ValidationException(f"Digest is invalid length for algorithm {name}.")
    return ECDSA(Prehashed(used))
