"""Requires private, encrypted storage: buckets, databases, registries, streams, disks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from mobile_ai.contracts.reading import is_false, is_text, is_true, one_of, optional
from mobile_ai.governance.iam_document import PolicyError, parse_policy
from mobile_ai.governance.iam_evaluation import Request, decide
from mobile_ai.governance.rule import Rule, resource_rule
from mobile_ai.governance.rule_context import Case


def _public_access_block(case: Case) -> None:
    for key in (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ):
        case.at(key).require(is_true, "true")


def _bucket(case: Case) -> None:
    case.at("acl").require(optional(one_of("private")), "no ACL, or 'private'")
    case.at("website").require(optional(lambda _: False), "no public website")


def _bucket_acl(case: Case) -> None:
    case.at("acl").require(one_of("private", "log-delivery-write"), "'private'")
    case.at("accessControlPolicy").require(optional(lambda _: False), "no grants by ACL")


def _bucket_encryption(case: Case) -> None:
    rules = case.at("rules")
    rules.require(bool, "at least one rule")
    for rule in rules.items():
        rule.at("applyServerSideEncryptionByDefault", "sseAlgorithm").require(
            one_of("aws:kms", "aws:kms:dsse", "AES256"), "a server-side encryption algorithm"
        )


def _bucket_policy(case: Case) -> None:
    bucket, policy = case.at("bucket"), case.at("policy")
    if bucket.pending or policy.pending:
        return  # it names what is made by the same update; known, and judged, before it is created
    name = bucket.text()
    policy.require(
        lambda document: _refuses_plain_http(document, name),
        "a statement that denies everybody requests without TLS",
    )


def _refuses_plain_http(document: object, bucket: str) -> bool:
    """Return whether a policy of a bucket denies every caller a request without TLS."""
    try:
        statements = parse_policy(json.loads(str(document)))
    except (PolicyError, ValueError):
        return False
    request = Request(
        action="s3:GetObject",
        resource=f"arn:aws:s3:::{bucket}/object",
        principal=("AWS", "*"),
        context={"aws:securetransport": ("false",)},
    )
    return decide(statements, request) == "Deny"


def _bucket_versioning(case: Case) -> None:
    case.at("versioningConfiguration", "status").require(one_of("Enabled"), "'Enabled'")


def _bucket_ownership(case: Case) -> None:
    case.at("rule", "objectOwnership").require(
        one_of("BucketOwnerEnforced"), "'BucketOwnerEnforced', which switches ACLs off"
    )


def _database(case: Case) -> None:
    case.at("storageEncrypted").require(is_true, "true")
    case.at("publiclyAccessible").require(optional(is_false), "false")


def _registry(case: Case) -> None:
    configurations = case.at("encryptionConfigurations")
    configurations.require(bool, "an encryption configuration")
    for item in configurations.items():
        item.at("encryptionType").require(one_of("KMS", "KMS_DSSE", "AES256"), "'KMS'")


def _stream(case: Case) -> None:
    case.at("encryptionType").require(one_of("KMS"), "'KMS'")
    if not case.at("kmsKeyId").pending:
        case.at("kmsKeyId").require(is_text, "a KMS key")


def _table(case: Case) -> None:
    case.at("serverSideEncryption", "enabled").require(is_true, "true")


def _disk(case: Case) -> None:
    case.at("encrypted").require(is_true, "true")


# Check of each storage type.
_CHECKS: Final[Mapping[str, Callable[[Case], None]]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketAcl:BucketAcl": _bucket_acl,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access_block,
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": _public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _bucket_encryption
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_ownership,
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_policy,
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_versioning,
    "aws:rds/instance:Instance": _database,
    "aws:rds/cluster:Cluster": _database,
    "aws:ecr/repository:Repository": _registry,
    "aws:kinesis/stream:Stream": _stream,
    "aws:dynamodb/table:Table": _table,
    "aws:ebs/volume:Volume": _disk,
    "aws:efs/fileSystem:FileSystem": _disk,
}


@resource_rule(
    id="storage-private-and-encrypted",
    title="Buckets, databases, registries, streams and disks are private and encrypted.",
    group="security",
    severity="critical",
    frameworks=(
        "AWS FSBP S3.2, S3.3, S3.5, S3.8, S3.12, S3.14, RDS.2, RDS.3, Kinesis.1 and EFS.1",
        "GDPR Art. 32",
        "CIS AWS 2.1.4, 2.3.1 and 2.3.3",
    ),
    remediation="close public access and set encryption at rest",
    applies_to=tuple(_CHECKS),
)
def storage_private_and_encrypted(case: Case) -> None:
    """Run the check of the resource's type."""
    _CHECKS[case.resource.type](case)


RULES: Final[tuple[Rule, ...]] = (storage_private_and_encrypted,)
