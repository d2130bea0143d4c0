"""CloudFront resources: cache policies, edge function, firewall, signed URLs, access logs."""

import hashlib
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.names import AwsScope, physical_name
from mobile_ai.components.aws.wafv2 import WebAcl
from mobile_ai.components.delivery import plan

CDN_REGION: Final = "us-east-1"
"""Region of the certificates, web ACLs and log delivery of CloudFront."""
_YEAR: Final = 31_536_000  # seconds
_HSTS: Final = 63_072_000  # seconds, two years, as recommended by hstspreload.org


def origin_access(
    name: str, scope: AwsScope, opts: pulumi.ResourceOptions
) -> aws.cloudfront.OriginAccessControl:
    """Create the origin access control that signs the distribution's requests to S3."""
    return aws.cloudfront.OriginAccessControl(
        name,
        name=physical_name(scope, name),
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=opts,
    )


def edge_function(
    name: str, scope: AwsScope, *, halted: list[str], opts: pulumi.ResourceOptions
) -> aws.cloudfront.Function:
    """Create the viewer-request function."""
    return aws.cloudfront.Function(
        name,
        name=physical_name(scope, name),
        runtime="cloudfront-js-2.0",
        code=plan.edge_function_code(halted),
        publish=True,
        opts=opts,
    )


def cache_behaviours(
    name: str,
    *,
    scope: AwsScope,
    metadata_ttl_seconds: int,
    function: aws.cloudfront.Function,
    signers: aws.cloudfront.KeyGroup | None,
    opts: pulumi.ResourceOptions,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Create the cache and header policies; return the behaviours of metadata and targets.

    With signers, targets require a signed URL. Metadata never does, since it carries the halt of a
    model.
    """
    headers = _response_headers(name, scope, opts)

    def behaviour(kind: str, seconds: int, *, compress: bool) -> dict[str, Any]:
        cache = _cache_policy(f"{name}-{kind}", scope=scope, seconds=seconds, opts=opts)
        return {
            "target_origin_id": "models",
            "viewer_protocol_policy": "https-only",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "compress": compress,
            "cache_policy_id": cache.id,
            "response_headers_policy_id": headers.id,
            "function_associations": [
                {"event_type": "viewer-request", "function_arn": function.arn}
            ],
        }

    metadata = behaviour("metadata", metadata_ttl_seconds, compress=True)
    # Models are compressed at build time; CloudFront compresses no object above 10 MB.
    targets = behaviour("targets", _YEAR, compress=False)
    if signers is not None:
        targets["trusted_key_groups"] = [signers.id]
    return metadata, {**targets, "path_pattern": "targets/*"}


def key_group(
    name: str, scope: AwsScope, *, keys: list[str], opts: pulumi.ResourceOptions
) -> aws.cloudfront.KeyGroup | None:
    """Create the key group for signed URLs; return ``None`` if there are no keys.

    Keys are named by digest: CloudFront cannot change a public key in place, so a new key is
    created before the old one is deleted.
    """
    if not keys:
        return None
    made = [
        aws.cloudfront.PublicKey(
            f"{name}-{digest}",
            name=physical_name(scope, f"{name}-{digest}"),
            encoded_key=key,
            opts=opts,
        )
        for key in keys
        for digest in [hashlib.sha256(key.encode()).hexdigest()[:10]]
    ]
    return aws.cloudfront.KeyGroup(
        name, name=physical_name(scope, name), items=[item.id for item in made], opts=opts
    )


def firewall(
    name: str, scope: AwsScope, *, rate_limit: int, opts: pulumi.ResourceOptions
) -> WebAcl:
    """Create the web ACL, without logs, as they would contain client addresses."""
    physical = physical_name(scope, name)
    return WebAcl(
        name,
        {
            "name": physical,
            "region": CDN_REGION,
            "scope": "CLOUDFRONT",
            "defaultAction": {"allow": {}},
            "rules": plan.waf_rules(rate_limit),
            "visibilityConfig": plan.visibility(physical),
        },
        opts,
    )


def log_delivery(
    name: str,
    *,
    scope: AwsScope,
    distribution_arn: pulumi.Input[str],
    log_bucket_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.LogDelivery:
    """Create the access log delivery without fields that identify clients."""
    physical = physical_name(scope, name)
    source = aws.cloudwatch.LogDeliverySource(
        name,
        name=physical,
        log_type="ACCESS_LOGS",
        resource_arn=distribution_arn,
        region=CDN_REGION,
        opts=opts,
    )
    destination = aws.cloudwatch.LogDeliveryDestination(
        name,
        name=physical,
        output_format="json",
        delivery_destination_configuration={"destination_resource_arn": log_bucket_arn},
        region=CDN_REGION,
        opts=opts,
    )
    return aws.cloudwatch.LogDelivery(
        name,
        delivery_source_name=source.name,
        delivery_destination_arn=destination.arn,
        record_fields=list(plan.LOG_FIELDS),
        region=CDN_REGION,
        opts=opts,
    )


def _cache_policy(
    name: str, *, scope: AwsScope, seconds: int, opts: pulumi.ResourceOptions
) -> aws.cloudfront.CachePolicy:
    return aws.cloudfront.CachePolicy(
        name,
        name=physical_name(scope, name),
        min_ttl=0,
        default_ttl=seconds,
        max_ttl=seconds,
        parameters_in_cache_key_and_forwarded_to_origin={
            "cookies_config": {"cookie_behavior": "none"},
            "headers_config": {"header_behavior": "none"},
            "query_strings_config": {"query_string_behavior": "none"},
            # CloudFront refuses to compress what it may not cache (CloudFront developer guide,
            # "Serve compressed files").
            "enable_accept_encoding_brotli": seconds > 0,
            "enable_accept_encoding_gzip": seconds > 0,
        },
        opts=opts,
    )


def _response_headers(
    name: str, scope: AwsScope, opts: pulumi.ResourceOptions
) -> aws.cloudfront.ResponseHeadersPolicy:
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        name=physical_name(scope, name),
        security_headers_config={
            "content_type_options": {"override": True},
            "strict_transport_security": {
                "access_control_max_age_sec": _HSTS,
                "include_subdomains": True,
                "preload": True,
                "override": True,
            },
        },
        # S3 version IDs and key ARNs are internal and are removed from responses.
        remove_headers_config={
            "items": [
                {"header": f"x-amz-{name}"}
                for name in (
                    "server-side-encryption",
                    "server-side-encryption-aws-kms-key-id",
                    "server-side-encryption-bucket-key-enabled",
                    "version-id",
                )
            ]
        },
        opts=opts,
    )
