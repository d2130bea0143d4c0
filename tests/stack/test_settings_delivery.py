"""Keys that sign URLs: what CloudFront takes, and nothing else."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from mobile_ai.stack.settings_delivery import Delivery, Telemetry


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


ZONE = "Z0123456789ABCDEFGHIJ"
PLACES = {
    "delivery": (Delivery, {"waf": False}, "us-east-1"),
    "telemetry": (
        Telemetry,
        {
            "stream": "on-demand",
            "ratePerSecond": 1,
            "burst": 1,
            "notify": ("a@example.com",),
        },
        "eu-central-1",
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_domain_is_proven_by_a_certificate_or_a_zone_and_not_by_both(place: str) -> None:
    section, rest, region = PLACES[place]
    domain = {"domain": "a.example.com"}
    certificate = {"certificateArn": f"arn:aws:acm:{region}:123456789012:certificate/1"}
    zone = {"hostedZoneId": ZONE}

    assert section.model_validate({**rest, **domain, **certificate})
    assert section.model_validate({**rest, **domain, **zone})
    for wrong in (domain, {**domain, **certificate, **zone}):
        with pytest.raises(ValidationError, match="exactly one of certificateArn and hosted"):
            section.model_validate({**rest, **wrong})
    for wrong in (certificate, zone):
        with pytest.raises(ValidationError, match="belong to a domain"):
            section.model_validate({**rest, **wrong})


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_no_new_certificate_can_have_is_refused(place: str) -> None:
    section, rest, region = PLACES[place]
    domain = f"{'a' * 53}.example.com"  # 65 characters
    certificate = f"arn:aws:acm:{region}:123456789012:certificate/1"

    with pytest.raises(ValidationError, match="at most 64 characters"):
        section.model_validate({**rest, "domain": domain, "hostedZoneId": ZONE})
    assert section.model_validate({**rest, "domain": domain, "certificateArn": certificate})
    assert section.model_validate({**rest, "domain": domain[1:], "hostedZoneId": ZONE})
