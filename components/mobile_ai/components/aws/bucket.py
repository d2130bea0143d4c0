"""Private S3 bucket with encryption, versioning, access logging and a restrictive policy."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import bucket_arn, to_wire


class LifecycleRule(TypedDict):
    """Retention of the objects below a prefix."""

    id: str
    prefix: str
    expire_days: int | None
    """Days until current objects expire; ``None`` keeps them."""
    expire_noncurrent_days: int
    """Days until noncurrent versions (overwritten or deleted) expire."""
    infrequent_days: NotRequired[int | None]
    """Days until objects move to Standard-IA; absent or ``None``: never."""


class PrivateBucketArgs(TypedDict):
    """Arguments of :class:`PrivateBucket`."""

    bucket: str
    """Physical name."""
    kms_key_arn: pulumi.Input[str] | None
    """Key that encrypts objects; ``None`` means SSE-S3, for log targets only."""
    log_bucket: pulumi.Input[str] | None
    """Bucket of the access logs; ``None`` for the log bucket itself."""
    lifecycle: list[LifecycleRule]
    """At least one rule, so that no bucket retains objects indefinitely by accident."""
    protect: bool
    """Keep objects when the stack is destroyed."""
    statements: NotRequired[list[dict[str, Any]] | None]
    """Bucket policy statements besides the denial of plain HTTP; ``None`` leaves the whole
    policy to the caller, which must then deny plain HTTP itself."""


class PrivateBucket(pulumi.ComponentResource):
    """A versioned, encrypted, logged bucket without public access or ACLs.

    Satisfies FSBP S3.1, .2, .3, .5, .8, .9, .12, .13 and CIS S3 encryption. Creates the bucket,
    its ownership controls, public access block, versioning, encryption, lifecycle, access
    logging and policy.
    """

    arn: str
    bucket_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the bucket and its controls."""
        super().__init__("mobileai:index:PrivateBucket", name, to_wire(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            bucket=args["bucket"],
            force_destroy=not args["protect"],
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"]),
        )
        _close(name, bucket, child)
        _keep(name, bucket, args, child)
        if args["log_bucket"] is not None:
            aws.s3.BucketLogging(
                name,
                bucket=bucket.bucket,
                target_bucket=args["log_bucket"],
                target_prefix=f"s3/{args['bucket']}/",
                opts=child,
            )
        self.arn = bucket_arn(args["bucket"])
        statements = args.get("statements", [])
        if statements is not None:
            tls = iam.deny_insecure([self.arn, f"{self.arn}/*"])
            policy = iam.document(tls, *statements)
            aws.s3.BucketPolicy(name, bucket=bucket.bucket, policy=policy, opts=child)
        self.bucket_name = bucket.bucket
        self.register_outputs({"bucket": args["bucket"], "arn": self.arn})


def _close(name: str, bucket: aws.s3.Bucket, child: pulumi.ResourceOptions) -> None:
    aws.s3.BucketOwnershipControls(
        name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
    )
    aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )


def _keep(
    name: str, bucket: aws.s3.Bucket, args: PrivateBucketArgs, child: pulumi.ResourceOptions
) -> None:
    key = args["kms_key_arn"]
    default: dict[str, Any] = {"sse_algorithm": "AES256"}
    if key is not None:
        default = {"sse_algorithm": "aws:kms", "kms_master_key_id": key}
    aws.s3.BucketVersioning(
        name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": default,
                "bucket_key_enabled": key is not None,
            }
        ],
        opts=child,
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[_lifecycle_rule(rule) for rule in args["lifecycle"]],
        opts=child,
    )


def _lifecycle_rule(rule: LifecycleRule) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": rule["id"],
        "status": "Enabled",
        "filter": {"prefix": rule["prefix"]},
        "noncurrent_version_expiration": {"noncurrent_days": rule["expire_noncurrent_days"]},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }
    if rule["expire_days"] is not None:
        written["expiration"] = {"days": rule["expire_days"]}
    moved = rule.get("infrequent_days")
    if moved is not None:
        written["transitions"] = [{"days": moved, "storage_class": "STANDARD_IA"}]
    return written
