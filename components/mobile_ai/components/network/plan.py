"""Subnet layout, zones and endpoint policies of the network, as plain values."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope

_PULL: Final = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
)
INTERFACE_SERVICES: Final = {
    "ecr.api": _PULL,
    "ecr.dkr": _PULL,
    "kms": ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
    "logs": ("logs:CreateLogStream", "logs:PutLogEvents"),
    "secretsmanager": (
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ),
    "ssm": ("ssm:GetParameter",),
}
"""Services with an endpoint, and the actions that its policy allows: those the platform calls."""
_ZONE_LETTERS: Final = "abc"
_TIERS: Final = ("app", "data", "edge")
# The CIDR is split into four tiers, three of them in use; each tier into four subnets, for up to
# three zones.
_TIER_BITS: Final = 2
_ZONE_BITS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPlan:
    """A planned subnet.

    Attributes:
        tier: ``app`` (tasks), ``data`` (databases, no egress) or ``edge`` (NAT gateways).
        zone: Availability zone.
        cidr: Address range.
    """

    tier: str
    zone: str
    cidr: str

    @property
    def name(self) -> str:
        """Tier and letter of the zone, such as ``app-a``."""
        return f"{self.tier}-{self.zone[-1]}"


def zone_names(region: str, count: int) -> list[str]:
    """Return the first zones of a region by name, without a cloud call, so known at preview.

    Raises:
        ValueError: If the count is not 2 or 3.
    """
    if count not in (2, 3):
        raise ValueError(f"availabilityZones: got {count}, expected 2 or 3")
    return [f"{region}{letter}" for letter in _ZONE_LETTERS[:count]]


def plan_subnets(cidr: str, zones: Sequence[str], *, egress: str) -> list[SubnetPlan]:
    """Return the subnets: ``app`` and ``data`` in every zone, ``edge`` for NAT egress.

    Adding a zone or changing the egress moves no existing subnet.
    """
    tiers = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=_TIER_BITS))
    used = _TIERS if egress == "nat" else _TIERS[:2]
    return [
        SubnetPlan(tier=tier, zone=zone, cidr=str(part))
        for tier, block in zip(used, tiers, strict=False)
        for zone, part in zip(zones, block.subnets(prefixlen_diff=_ZONE_BITS), strict=False)
    ]


def endpoint_policy(scope: AwsScope, service: str) -> str:
    """Return the policy of an interface endpoint: this account's principals, listed actions.

    It prevents data exfiltration through the endpoint with credentials of another account.
    """
    account = {"StringEquals": {"aws:PrincipalAccount": scope["account_id"]}}
    own = iam.allow("OwnPrincipals", INTERFACE_SERVICES[service], ["*"], conditions=account)
    return iam.document({**own, "Principal": "*"})


def s3_endpoint_policy(scope: AwsScope) -> str:
    """Return the policy of the S3 endpoint: the stack's buckets and ECR image layers.

    ECR serves layers from an AWS-owned bucket in each region (ECR user guide, VPC endpoints).
    """
    layers = f"arn:aws:s3:::prod-{scope['region']}-starport-layer-bucket/*"
    buckets = f"arn:aws:s3:::mobile-ai-{scope['stack']}-*"
    actions = [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ]
    account = {"StringEquals": {"aws:PrincipalAccount": scope["account_id"]}}
    own = iam.allow("OwnBuckets", actions, [buckets, f"{buckets}/*"], conditions=account)
    pull = iam.allow("ImageLayers", ["s3:GetObject"], [layers])
    return iam.document({**own, "Principal": "*"}, {**pull, "Principal": "*"})
