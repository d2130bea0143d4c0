"""Model delivery: a private S3 origin behind CloudFront, and a signed TUF timestamp."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.bucket import LifecycleRule, PrivateBucket
from mobile_ai.components.aws.domain import alias_records, dns_targets, proven_certificate
from mobile_ai.components.aws.key import EncryptionKey
from mobile_ai.components.aws.names import AwsScope, bucket_arn, bucket_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.delivery import cdn, plan
from mobile_ai.components.delivery.plan import ReleaseObject, Target
from mobile_ai.components.delivery.policy import models_bucket_policy, models_key_policy
from mobile_ai.components.delivery.signer import TimestampSigner

# Overwritten versions stay readable for rollback and audit.
_KEEP_NONCURRENT_DAYS: Final = 365


class CountryRule(TypedDict):
    """Geographic restriction of model downloads."""

    mode: str
    """``allow`` or ``deny``."""
    countries: list[str]
    """ISO 3166-1 alpha-2 codes."""


class DeliveryArgs(TypedDict):
    """Arguments of :class:`ModelDelivery`."""

    scope: AwsScope
    platform: PlatformParts
    domain: str | None
    """Host name; the default CloudFront domain does not allow setting a minimum TLS version."""
    certificate_arn: str | None
    """Certificate of the domain in us-east-1; else one is created in ``hosted_zone_id``."""
    hosted_zone_id: str | None
    waf: bool
    rate_limit_per_five_minutes: int
    country_rule: CountryRule | None
    price_class: str
    metadata_ttl_seconds: int
    refresh_minutes: int
    expiry_minutes: int
    targets: list[Target]
    """On-device artifacts of the deployments."""
    release: NotRequired[list[ReleaseObject]]
    """Files of the signed release, except the timestamp."""
    signed_url_keys: NotRequired[list[str]]
    """Public keys (PEM) that verify signed URLs of model files; empty: files are public."""
    halted: NotRequired[list[str]]
    """SHA-256 of targets that are no longer served."""


class ModelDelivery(pulumi.ComponentResource):
    """S3 origin, CloudFront distribution, edge function, firewall, logs and targets.

    Only the distribution may read the bucket: the key policy and the bucket policy name its exact
    ARN and are therefore created after it. Targets are named by digest and metadata by version.
    Both are retained in the bucket when they leave the stack, since a device may still be
    downloading them, and the stack may be updated from an older commit.
    """

    bucket: str
    bucket_key_alias: str
    domain: pulumi.Output[str]
    distribution_arn: pulumi.Output[str]
    dns_targets: Mapping[str, pulumi.Input[str]]
    """CNAME records to create in zones managed outside the stack: host name to target."""
    timestamp_key_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create origin, CDN, targets and signer."""
        super().__init__("mobileai:index:ModelDelivery", name, to_wire(args), opts)
        scope = args["scope"]
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = bucket_name(scope, "models")
        key = EncryptionKey(name, {"scope": scope, "purpose": "models", "services": None}, child)
        origin = _origin(name, args, key, child)
        distribution = self._distribution(name, args, origin)
        aws.kms.KeyPolicy(
            name,
            key_id=key.key_id,
            policy=distribution.arn.apply(lambda arn: models_key_policy(scope, arn)),
            opts=child,
        )
        aws.s3.BucketPolicy(
            name,
            bucket=origin.bucket_name,
            policy=distribution.arn.apply(lambda arn: models_bucket_policy(self.bucket, arn)),
            opts=child,
        )
        cdn.log_delivery(
            name,
            scope=scope,
            distribution_arn=distribution.arn,
            log_bucket_arn=bucket_arn(bucket_name(scope, "logs")),
            opts=child,
        )
        self._release(name, args, origin, after=self._targets(name, args["targets"], origin))
        signer = self._signer(name, args, key.alias)
        self.domain = pulumi.Output.from_input(args["domain"] or distribution.domain_name)
        self.bucket_key_alias = key.alias
        self.distribution_arn = distribution.arn
        self.dns_targets = dns_targets(
            args["domain"], args["hosted_zone_id"], distribution.domain_name
        )
        self.timestamp_key_arn = signer.key_arn
        self.register_outputs(
            {
                "bucket": self.bucket,
                "domain": self.domain,
                "distributionArn": self.distribution_arn,
                "timestampKeyArn": self.timestamp_key_arn,
            }
        )

    def _distribution(
        self, name: str, args: DeliveryArgs, origin: PrivateBucket
    ) -> aws.cloudfront.Distribution:
        scope, domain = args["scope"], args["domain"]
        child = pulumi.ResourceOptions(parent=self)
        access = cdn.origin_access(name, scope, child)
        function = cdn.edge_function(name, scope, halted=args.get("halted", []), opts=child)
        metadata, targets = cdn.cache_behaviours(
            name,
            scope=scope,
            metadata_ttl_seconds=args["metadata_ttl_seconds"],
            function=function,
            signers=cdn.key_group(
                f"{name}-signers", scope, keys=args.get("signed_url_keys", []), opts=child
            ),
            opts=child,
        )
        distribution = aws.cloudfront.Distribution(
            name,
            comment=f"Models of the stack {scope['stack']}",
            enabled=True,
            aliases=[domain] if domain else [],
            default_root_object="metadata/timestamp.json",
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args["price_class"],
            origins=[_s3_origin(scope, self.bucket, access)],
            default_cache_behavior=metadata,
            ordered_cache_behaviors=[targets],
            # A cached 404 must not hide newly published metadata.
            custom_error_responses=[{"error_code": 404, "error_caching_min_ttl": 10}],
            restrictions={"geo_restriction": _geo_restriction(args["country_rule"])},
            viewer_certificate=plan.viewer_certificate(self._certificate(name, args)),
            web_acl_id=self._firewall(name, args),
            opts=pulumi.ResourceOptions(parent=self, protect=scope["protect"], depends_on=[origin]),
        )
        if domain and args["hosted_zone_id"]:
            alias_records(
                name,
                domain=domain,
                zone_id=args["hosted_zone_id"],
                target={
                    "name": distribution.domain_name,
                    "zone_id": distribution.hosted_zone_id,
                },
                kinds=("A", "AAAA"),
                opts=child,
            )
        return distribution

    def _certificate(self, name: str, args: DeliveryArgs) -> pulumi.Input[str] | None:
        domain, zone = args["domain"], args["hosted_zone_id"]
        if args["certificate_arn"] or not domain or not zone:
            return args["certificate_arn"]
        child = pulumi.ResourceOptions(parent=self)
        return proven_certificate(
            name, domain=domain, zone_id=zone, region=cdn.CDN_REGION, opts=child
        )

    def _firewall(self, name: str, args: DeliveryArgs) -> pulumi.Output[str] | None:
        if not args["waf"]:
            return None
        limit, child = args["rate_limit_per_five_minutes"], pulumi.ResourceOptions(parent=self)
        return cdn.firewall(name, args["scope"], rate_limit=limit, opts=child).arn

    def _signer(self, name: str, args: DeliveryArgs, bucket_key_alias: str) -> TimestampSigner:
        return TimestampSigner(
            f"{name}-timestamp",
            {
                "scope": args["scope"],
                "platform": args["platform"],
                "bucket": self.bucket,
                "bucket_key_alias": bucket_key_alias,
                "refresh_minutes": args["refresh_minutes"],
                "expiry_minutes": args["expiry_minutes"],
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _targets(
        self, name: str, targets: list[Target], origin: PrivateBucket
    ) -> list[pulumi.Resource]:
        made: list[pulumi.Resource] = []
        for key, target in plan.unique_targets(targets).items():
            plan.check_bytes(target, Path(target["path"]).read_bytes())
            made.append(
                aws.s3.BucketObjectv2(
                    f"{name}-{target['sha256'][:16]}-{target['file']}",
                    bucket=origin.bucket_name,
                    key=key,
                    source=pulumi.FileAsset(target["path"]),
                    source_hash=target["sha256"],
                    content_type="application/octet-stream",
                    cache_control=plan.IMMUTABLE,
                    metadata={
                        "sha256": target["sha256"],
                        "manifest-sha256": target["manifest_sha256"],
                    },
                    opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
                )
            )
        return made

    def _release(
        self,
        name: str,
        args: DeliveryArgs,
        origin: PrivateBucket,
        *,
        after: list[pulumi.Resource],
    ) -> None:
        """Upload step by step, so that an interrupted upload never leaves a dangling reference."""
        ttl = args["metadata_ttl_seconds"]
        for step in plan.steps(args.get("release", [])):
            made: list[pulumi.Resource] = []
            for item in step:
                plan.check_bytes(item, Path(item["path"]).read_bytes())
                kind = "json" if item["key"].endswith(".json") else "octet-stream"
                opts = pulumi.ResourceOptions(parent=self, retain_on_delete=True, depends_on=after)
                made.append(
                    aws.s3.BucketObjectv2(
                        f"{name}-{plan.object_name(item['key'])}",
                        bucket=origin.bucket_name,
                        key=item["key"],
                        source=pulumi.FileAsset(item["path"]),
                        source_hash=item["sha256"],
                        content_type=f"application/{kind}",
                        cache_control=plan.cache_control(item["key"], metadata_ttl_seconds=ttl),
                        metadata=plan.object_metadata(item),
                        opts=opts,
                    )
                )
            after = made


def _origin(
    name: str, args: DeliveryArgs, key: EncryptionKey, opts: pulumi.ResourceOptions
) -> PrivateBucket:
    old_versions: LifecycleRule = {
        "id": "expire-old-versions",
        "prefix": "",
        "expire_days": None,
        "expire_noncurrent_days": _KEEP_NONCURRENT_DAYS,
    }
    return PrivateBucket(
        name,
        {
            "bucket": bucket_name(args["scope"], "models"),
            "kms_key_arn": key.arn,
            "log_bucket": args["platform"]["log_bucket"],
            "lifecycle": [old_versions],
            "protect": args["scope"]["protect"],
            "statements": None,
        },
        opts,
    )


def _s3_origin(
    scope: AwsScope, bucket: str, access: aws.cloudfront.OriginAccessControl
) -> dict[str, Any]:
    return {
        "origin_id": "models",
        "domain_name": f"{bucket}.s3.{scope['region']}.amazonaws.com",
        "origin_access_control_id": access.id,
    }


def _geo_restriction(rule: CountryRule | None) -> dict[str, Any]:
    if rule is None:
        return {"restriction_type": "none", "locations": []}
    kind = {"allow": "whitelist", "deny": "blacklist"}[rule["mode"]]
    return {"restriction_type": kind, "locations": sorted(rule["countries"])}
