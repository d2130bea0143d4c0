"""ACM certificate and Route 53 records for a host name of the stack."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws


class AliasTarget(TypedDict):
    """Target of a Route 53 alias record."""

    name: pulumi.Input[str]
    """Host name that AWS generated."""
    zone_id: pulumi.Input[str]
    """Hosted zone of that host name."""


def proven_certificate(
    name: str, *, domain: str, zone_id: str, region: str, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Create a certificate, validate it by DNS in the zone, and return the validated ARN."""
    made = aws.acm.Certificate(
        name, domain_name=domain, validation_method="DNS", region=region, opts=opts
    )
    proof = made.domain_validation_options[0]
    record = aws.route53.Record(
        f"{name}-proof",
        zone_id=zone_id,
        name=proof.resource_record_name,
        type=proof.resource_record_type,
        records=[proof.resource_record_value],
        ttl=300,
        opts=opts,
    )
    proven = aws.acm.CertificateValidation(
        name,
        certificate_arn=made.arn,
        validation_record_fqdns=[record.fqdn],
        region=region,
        opts=opts,
    )
    arn: pulumi.Output[str] = proven.certificate_arn
    return arn


def alias_records(
    name: str,
    *,
    domain: str,
    zone_id: pulumi.Input[str],
    target: AliasTarget,
    kinds: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Create the alias records that point the domain at an AWS resource.

    Args:
        name: Prefix of the resource names.
        domain: Host name.
        zone_id: Hosted zone of the domain.
        target: Host name and hosted zone of the AWS resource.
        kinds: ``A`` and, where the target has IPv6 addresses, ``AAAA``.
        opts: Options of the resources.
    """
    alias: dict[str, Any] = {**target, "evaluate_target_health": False}
    for kind in kinds:
        aws.route53.Record(
            f"{name}-{kind.lower()}",
            zone_id=zone_id,
            name=domain,
            type=kind,
            aliases=[alias],
            opts=opts,
        )


def dns_targets(
    domain: str | None, zone_id: str | None, target: pulumi.Input[str]
) -> Mapping[str, pulumi.Input[str]]:
    """Return the CNAME records for a zone managed outside the stack: host name to target."""
    return {domain: target} if domain is not None and zone_id is None else {}
