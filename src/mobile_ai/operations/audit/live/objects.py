"""Check that the delivery bucket contains the released bytes, and nothing else.

Objects in the state are compared one by one. Objects of earlier releases are identified by their
signed metadata in Git; an object that none of it names is foreign.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.tokens import DELIVERY_OBJECTS
from mobile_ai.operations.audit.contract import Ask, Author, Check, DeployedStack, Found, moment
from mobile_ai.operations.audit.live.access_log import Writer, writer_of
from mobile_ai.operations.audit.live.trail import Last

_CHUNK: Final = 1 << 20
# TUF 1.0.34, section 6.2: consistent snapshots prefix a target's name with its digest.
_NAMED: Final = re.compile(r"(?:^|/)([0-9a-f]{64})\.[^/]+$")
_TIMESTAMP: Final = "metadata/timestamp.json"  # written by the online signer
_NAMED_STRANGE: Final = 20  # foreign objects of one bucket that are listed individually
_GONE: Final = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


def objects_unchanged(s3: Any, last: Last) -> Check:
    """Return the check of the objects that the stack deployed.

    Args:
        s3: boto3's ``s3`` client. Every object is read whole: an object's own metadata could have
            been written by whoever wrote the object.
        last: Looks up who deleted a missing bucket.
    """

    def look(deployed: DeployedStack) -> Iterator[Found]:
        for item in deployed.resources:
            wanted = _digest(item.props)
            if item.type in DELIVERY_OBJECTS and wanted:
                bucket, key = _place(item, deployed)
                got = _read(s3, bucket, key)
                if got != wanted:
                    author = partial(_author, s3, last, bucket, key)
                    yield _found(f"s3://{bucket}/{key}", got, wanted, author, urn=item.urn)

    return Check(
        id="objects-unchanged",
        title="Every object of the delivery bucket is byte for byte what was released.",
        severity="critical",
        frameworks=("NIST 800-53 SI-7", "SLSA Distribution"),
        look=look,
    )


def objects_released(s3: Any, released: Callable[[], Mapping[str, str]], last: Last) -> Check:
    """Return the check of the other objects in the stack's delivery buckets.

    Args:
        s3: boto3's ``s3`` client, as above.
        released: SHA-256 by key of all objects that any release of the stack ever named.
        last: As above.
    """

    def look(deployed: DeployedStack) -> Iterator[Found]:
        deployed_keys: dict[str, set[str]] = defaultdict(set)
        for item in deployed.resources:
            if item.type in DELIVERY_OBJECTS:
                bucket, key = _place(item, deployed)
                deployed_keys[bucket].add(key)
        digests = released() if deployed_keys else {}
        for bucket, mine in sorted(deployed_keys.items()):
            others = sorted(_listed(s3, bucket) - mine - {_TIMESTAMP})
            strange = [key for key in others if key not in digests]
            for key in strange[:_NAMED_STRANGE]:
                author = partial(_author, s3, last, bucket, key)
                yield _stranger(f"s3://{bucket}/{key}", "an object", author)
            if more := strange[_NAMED_STRANGE:]:
                yield _stranger(f"s3://{bucket}", f"{len(more)} more objects", None)
            for key in (key for key in others if key in digests):
                if (got := _read(s3, bucket, key)) != digests[key]:
                    author = partial(_author, s3, last, bucket, key)
                    yield _found(f"s3://{bucket}/{key}", got, digests[key], author)

    return Check(
        id="objects-released",
        title="Every object of the delivery bucket is named by a release.",
        severity="high",
        frameworks=("NIST 800-53 SI-7", "SLSA Distribution"),
        look=look,
    )


def _place(item: Resource, deployed: DeployedStack) -> tuple[str, str]:
    props = {**item.props, **deployed.outputs.get(item.urn, {})}
    return str(props["bucket"]), str(props["key"])


def _listed(s3: Any, bucket: str) -> set[str]:
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {item["Key"] for page in pages for item in page.get("Contents", ())}
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return set()  # a missing bucket is reported by the other check, object by object
        raise


def _digest(props: Mapping[str, Any]) -> str:
    """Return the digest of an object's bytes: the one in its target name, if it has one.

    The ``sha256`` metadata of a patch is the digest of its result, not of the patch.
    """
    if named := _NAMED.search(str(props.get("key", ""))):
        return named[1]
    metadata = props.get("metadata")
    return str(metadata.get("sha256", "")) if isinstance(metadata, Mapping) else ""


def _read(s3: Any, bucket: str, key: str) -> str:
    """Return the SHA-256 of an object, or an empty text if it does not exist."""
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return ""
        raise
    digest = hashlib.sha256()
    for chunk in body.iter_chunks(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _author(s3: Any, last: Last, bucket: str, key: str) -> Author:
    """Return who wrote or deleted an object and when, or who deleted its bucket."""
    try:
        answer = s3.list_object_versions(Bucket=bucket, Prefix=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return last(bucket, ("DeleteBucket",))
        raise
    newest = [
        (item["LastModified"], kind)
        for kind in ("Versions", "DeleteMarkers")
        for item in answer.get(kind, ())
        if item["Key"] == key and item["IsLatest"]
    ]
    if not newest:
        return Author(source="S3", note="the object has no version, and so no time to search for")
    when, kind = max(newest)
    deleted = kind == "DeleteMarkers"
    try:
        writer = writer_of(s3, bucket, key, when, deleted=deleted)
    except ClientError as error:  # the time is still known
        code = error.response["Error"]["Code"]
        writer = Writer(note=f"the bucket's access log could not be read: {code}")
    source = "S3, a deletion" if deleted else "S3, a version"
    return Author(
        who=writer.who,
        when=moment(when),
        source=f"{source}; access log" if writer.who else source,
        note=writer.note,
    )


def _found(name: str, got: str, wanted: str, author: Ask, *, urn: str = "") -> Found:
    return Found(
        urn=urn,
        finding=Finding(
            what=name,
            got=f"sha256 {got[:16]}..." if got else "no object",
            expected=f"sha256 {wanted[:16]}..., as it was released",
            next_step="find who wrote it, then run `up` to restore it; devices refuse it meanwhile",
        ),
        author=author,
    )


def _stranger(name: str, got: str, author: Ask | None) -> Found:
    return Found(
        finding=Finding(
            what=name,
            got=f"{got} that no release names",
            expected="what releases/ in Git names, old releases too, and the timestamp",
            next_step="find who wrote it, then delete it: devices never request it, others may",
        ),
        author=author,
    )
