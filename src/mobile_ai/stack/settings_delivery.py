"""The sections of the stack file about delivery to devices and what comes back from them."""

from typing import Annotated, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import AfterValidator, Field, model_validator

from mobile_ai.contracts.models import Mail
from mobile_ai.stack.settings_types import Arn, DomainName, Section

_RSA_BITS: Final = 2_048
# ACM user guide, "Certificate characteristics": the first name becomes the common name.
_LONGEST_COMMON_NAME: Final = 64

HostedZone = Annotated[str, Field(pattern=r"^Z[A-Z0-9]{5,31}$")]
"""Id of a Route 53 hosted zone."""


def _signing_key(text: str) -> str:
    """Return a public key that CloudFront takes, ending in one line break.

    Raises:
        ValueError: If it is another kind of key, or none.
    """
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    rsa = isinstance(key, RSAPublicKey) and key.key_size == _RSA_BITS
    elliptic = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    if not rsa and not elliptic:
        raise ValueError("a public key in PEM, RSA with 2048 bits or ECDSA on P-256, is expected")
    return text.strip() + "\n"


def _check_domain(domain: str | None, certificate: str | None, zone: str | None) -> None:
    """Check that somebody proves a domain, and that ACM can.

    Raises:
        ValueError: If nobody does, or two do, or the name is too long for a new certificate.
    """
    proofs = [item for item in (certificate, zone) if item]
    if domain is None and proofs:
        raise ValueError("certificateArn and hostedZoneId belong to a domain; none is given")
    if domain is not None and len(proofs) != 1:
        raise ValueError("a domain needs exactly one of certificateArn and hostedZoneId")
    if domain is not None and zone is not None and len(domain) > _LONGEST_COMMON_NAME:
        raise ValueError(
            f"a certificate's first name has at most {_LONGEST_COMMON_NAME} characters "
            f"(ACM), the domain has {len(domain)}: choose a shorter one, or give certificateArn"
        )


class GeoRestriction(Section):
    """Countries in which models may, or may not, be downloaded."""

    mode: Literal["allow", "deny"] = Field(description="Effect of the list.")
    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = Field(
        min_length=1, description="ISO 3166-1 alpha-2 codes."
    )


class Delivery(Section):
    """Delivery of models to devices."""

    domain: DomainName | None = Field(
        default=None, description="Host name of the CDN; TLS 1.2 cannot be required without one."
    )
    certificate_arn: Arn | None = Field(
        default=None, description="ACM certificate of the domain, in us-east-1."
    )
    hosted_zone_id: HostedZone | None = Field(
        default=None,
        description="Route 53 zone of the domain: certificate and records are made there.",
    )
    waf: bool = Field(description="Put a web application firewall before the CDN.")
    rate_limit_per_five_minutes: int = Field(
        default=2_000, ge=100, le=2_000_000, description="Requests of one address; needs `waf`."
    )
    geo_restriction: GeoRestriction | None = Field(
        default=None, description="Countries of downloads; absent: everywhere."
    )
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        default="PriceClass_100", description="CloudFront locations to use and pay for."
    )
    signed_url_keys: tuple[Annotated[str, AfterValidator(_signing_key)], ...] = Field(
        default=(),
        max_length=5,
        description="Public keys (PEM) of who signs the URLs of model files, usually the "
        "application's own backend; absent: everybody may download them.",
    )
    metadata_ttl_seconds: int = Field(
        default=300, ge=0, le=3_600, description="Time the CDN caches release metadata."
    )
    timestamp_refresh_minutes: int = Field(
        default=60, ge=5, le=1_440, description="Interval of signing the timestamp."
    )
    timestamp_expiry_minutes: int = Field(
        default=1_440, ge=15, le=10_080, description="Validity of a signed timestamp."
    )
    log_retention_days: int = Field(
        default=30, ge=1, le=30, description="Days that access logs are kept (storage limitation)."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Delivery":
        _check_domain(self.domain, self.certificate_arn, self.hosted_zone_id)
        if self.certificate_arn and self.certificate_arn.split(":")[3] != "us-east-1":
            raise ValueError("CloudFront takes a certificate of us-east-1 only")
        if self.timestamp_expiry_minutes < 3 * self.timestamp_refresh_minutes:
            raise ValueError("timestampExpiryMinutes must be at least 3 x timestampRefreshMinutes")
        return self


class Telemetry(Section):
    """Telemetry of devices and its retention."""

    domain: DomainName | None = Field(
        default=None, description="Host name of the telemetry API; absent: the one AWS gives."
    )
    certificate_arn: Arn | None = Field(
        default=None, description="ACM certificate of that name, in the home region."
    )
    hosted_zone_id: HostedZone | None = Field(
        default=None,
        description="Route 53 zone of the domain: certificate and record are made there.",
    )
    stream: Literal["on-demand", "provisioned"] = Field(
        description="Kinesis capacity: by use, or by `shards`."
    )
    shards: int | None = Field(
        default=None, ge=1, le=200, description="Shards of a provisioned stream."
    )
    stream_retention_hours: int = Field(
        default=24, ge=24, le=168, description="Hours that the stream keeps events."
    )
    retention_days: int = Field(
        default=90, ge=1, le=730, description="Days that compacted events are kept."
    )
    infrequent_after_days: int | None = Field(
        default=None,
        ge=30,
        le=729,
        description="Days until events move to S3 Standard-IA; absent: they stay in Standard.",
    )
    quarantine_retention_days: int = Field(
        default=14, ge=1, le=90, description="Days that refused events are kept."
    )
    rate_per_second: int = Field(ge=1, le=100_000, description="Requests that the API lets in.")
    burst: int = Field(ge=1, le=100_000, description="Requests that it lets in at one moment.")
    buffer_seconds: int = Field(default=300, ge=60, le=900, description="Firehose buffer, seconds.")
    buffer_mb: int = Field(default=64, ge=64, le=128, description="Firehose buffer, MiB.")
    scan_limit_gb: int = Field(
        default=10, ge=1, le=10_000, description="Limit of one Athena query, GiB read."
    )
    notify: tuple[Mail, ...] = Field(min_length=1, description="Recipients of alarms.")

    @model_validator(mode="after")
    def _consistent(self) -> "Telemetry":
        if (self.stream == "provisioned") != (self.shards is not None):
            raise ValueError("stream provisioned needs shards, stream on-demand has none")
        if self.infrequent_after_days and self.infrequent_after_days >= self.retention_days:
            raise ValueError("infrequentAfterDays must be less than retentionDays")
        _check_domain(self.domain, self.certificate_arn, self.hosted_zone_id)
        return self
