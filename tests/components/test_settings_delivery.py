"""Keys that sign URLs: what CloudFront takes, and nothing else."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from components.settings_delivery import Delivery


def pem(key: Any) -> str:
    public = key.public_key()
    text: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


RSA = pem(rsa.generate_private_key(65_537, 2_048))
P256 = pem(ec.generate_private_key(ec.SECP256R1()))


def test_keys_that_the_cdn_takes_are_kept_with_one_line_break() -> None:
    made = Delivery.model_validate({"waf": False, "signedUrlKeys": (RSA.strip(), f"{P256}\n")})

    assert made.signed_url_keys == (RSA, P256)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "text",
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65_537, 1_024)),  # noqa: S505  # too short, that is the point
        RSA.replace("PUBLIC", "PRIVATE"),
    ],
    ids=["empty", "text", "ed25519", "p384", "rsa1024", "private"],  # the same in every process
)
def test_any_other_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="RSA with 2048 bits or ECDSA on P-256"):
        Delivery.model_validate({"waf": False, "signedUrlKeys": (key,)})
