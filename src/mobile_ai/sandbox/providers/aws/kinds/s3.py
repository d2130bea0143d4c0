"""S3 buckets, their configurations and their objects."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.asset import content_of
from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, Tags, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject
from mobile_ai.sandbox.providers.aws.api.tagging import tags_of
from mobile_ai.sandbox.providers.values import Special

_NO_LOCATION: Final = "us-east-1"  # the region that CreateBucket takes without a LocationConstraint


def _location(subject: ApiSubject) -> Any:
    region = subject.facts["region"]
    return None if region == _NO_LOCATION else {"LocationConstraint": region}


def _tag_set(subject: ApiSubject) -> Any:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags_of(subject).items()]}


@action("s3:list_object_versions", "s3:delete_objects")
def _empty(api: Api, subject: ApiSubject) -> None:
    """Delete every version of every object, if the program allows it."""
    while subject.value("forceDestroy"):
        page = api.call(subject, "list_object_versions", Bucket=subject.id)
        if not _delete_versions(api, subject, subject.id, page):
            return


@action("s3:list_object_versions", "s3:delete_objects")
def _remove(api: Api, subject: ApiSubject) -> None:
    """Delete an object with all its versions, as the official provider does."""
    bucket, _, key = subject.id.partition("/")
    page = api.call(subject, "list_object_versions", Bucket=bucket, Prefix=key)
    _delete_versions(api, subject, bucket, page, key=key)


def _delete_versions(
    api: Api, subject: ApiSubject, bucket: str, page: dict[str, Any], *, key: str = ""
) -> bool:
    found = [
        {"Key": item["Key"], "VersionId": item["VersionId"]}
        for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        if not key or item["Key"] == key
    ]
    if found:
        api.call(subject, "delete_objects", Bucket=bucket, Delete={"Objects": found, "Quiet": True})
    return bool(found)


def _body(subject: ApiSubject) -> Any:
    source = subject.value("source") or subject.value("content")
    return content_of(source) if isinstance(source, Special) else source or ""


def _etag(subject: ApiSubject) -> str:
    return str(subject.answer.get("ETag", "")).strip('"')


def _bucket_part(
    put: str,
    given: dict[str, Any],
    get: str,
    delete: Call,
    *,
    at: str = "@",
    names: dict[str, str] | None = None,
) -> Kind:
    """Return the kind of a bucket configuration, which is put as a whole."""
    call = Call(operation=put, give={"Bucket": "{bucket}", **given}, fill=False)
    return Kind(
        service="s3",
        create=call,
        update=call,
        read=Call(operation=get, give={"Bucket": "{id}"}, fill=False),
        at=at,
        delete=delete,
        id="{bucket}",
        names=names or {},
        unkept=("bucket", "expectedBucketOwner", "transitionDefaultMinimumObjectSize"),
    )


def _off(operation: str, **given: Any) -> Call:
    return Call(operation=operation, give={"Bucket": "{id}", **given}, fill=False)


_PUT_OBJECT: Final = Call(operation="put_object", give={"Body": _body, "SSEKMSKeyId": "{kmsKeyId}"})

KINDS: Final = {
    "aws:s3/bucket:Bucket": Kind(
        service="s3",
        create=Call(
            operation="create_bucket",
            give={"CreateBucketConfiguration": _location},
        ),
        read=Call(operation="head_bucket", give={"Bucket": "{id}"}, fill=False),
        before_delete=(_empty,),
        delete=_off("delete_bucket"),
        id="{bucket}",
        tags=Tags(
            of="{id}",
            read="get_bucket_tagging",
            add="",
            remove="",
            at="TagSet",
            at_create=False,
            put=_off("put_bucket_tagging", Tagging=_tag_set),
        ),
        names={"bucketRegion": "BucketRegion"},
        outputs={
            "arn": "arn:{partition}:s3:::{id}",
            "bucketDomainName": "{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{id}.s3.{region}.amazonaws.com",
        },
        unkept=("bucket", "objectLockEnabled"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_part(
        "put_bucket_versioning",
        {"VersioningConfiguration": "{versioningConfiguration}"},
        "get_bucket_versioning",
        _off("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        at="Status && @",
        names={"versioningConfiguration": "@"},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _bucket_part(
            "put_bucket_encryption",
            {"ServerSideEncryptionConfiguration": {"Rules": "{rules}"}},
            "get_bucket_encryption",
            _off("delete_bucket_encryption"),
            at="ServerSideEncryptionConfiguration",
        )
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_part(
        "put_public_access_block",
        {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": "{blockPublicAcls}",
                "BlockPublicPolicy": "{blockPublicPolicy}",
                "IgnorePublicAcls": "{ignorePublicAcls}",
                "RestrictPublicBuckets": "{restrictPublicBuckets}",
            }
        },
        "get_public_access_block",
        _off("delete_public_access_block"),
        at="PublicAccessBlockConfiguration",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_part(
        "put_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": ["{rule}"]}},
        "get_bucket_ownership_controls",
        _off("delete_bucket_ownership_controls"),
        at="OwnershipControls",
        names={"rule": "Rules[0]"},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_part(
        "put_bucket_policy",
        {"Policy": "{policy}"},
        "get_bucket_policy",
        _off("delete_bucket_policy"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_part(
        "put_bucket_lifecycle_configuration",
        {"LifecycleConfiguration": {"Rules": "{rules}"}},
        "get_bucket_lifecycle_configuration",
        _off("delete_bucket_lifecycle"),
    ),
    "aws:s3/bucketLogging:BucketLogging": _bucket_part(
        "put_bucket_logging",
        {
            "BucketLoggingStatus": {
                "LoggingEnabled": {
                    "TargetBucket": "{targetBucket}",
                    "TargetPrefix": "{targetPrefix}",
                    "TargetObjectKeyFormat": "{targetObjectKeyFormat}",
                }
            }
        },
        "get_bucket_logging",
        _off("put_bucket_logging", BucketLoggingStatus={}),
        at="LoggingEnabled",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Kind(
        service="s3",
        create=_PUT_OBJECT,
        update=_PUT_OBJECT,
        read=Call(operation="head_object", give={"Bucket": "{bucket}", "Key": "{key}"}, fill=False),
        delete=_remove,
        id="{bucket}/{key}",
        tags=Tags(
            of="{bucket}",
            read="get_object_tagging",
            add="",
            remove="",
            at="TagSet",
            at_create=False,
            extra={"Key": "{key}"},
            put=Call(
                operation="put_object_tagging",
                give={"Bucket": "{bucket}", "Key": "{key}", "Tagging": _tag_set},
                fill=False,
            ),
        ),
        names={"kmsKeyId": "SSEKMSKeyId"},
        outputs={"arn": "arn:{partition}:s3:::{id}", "etag": _etag, "versionId": "<VersionId>"},
        unkept=("bucket", "key", "acl", "storageClass", "contentType"),
        content=("etag", "etag"),
    ),
}
