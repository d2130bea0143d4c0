"""Does the delivery bucket hold the bytes that were released?"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError
from governance.reading import Finding
from governance.tokens import DELIVERY_OBJECTS

from operations.audit.contract import Check, Deployed, Found

__all__ = ["objects_unchanged"]

_CHUNK: Final = 1 << 20
# TUF 1.0.34, section 6.2: consistent snapshots put a target's digest before its name.
_NAMED: Final = re.compile(r"(?:^|/)([0-9a-f]{64})\.[^/]+$")
_GONE: Final = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


def objects_unchanged(s3: Any) -> Check:
    """Return the check.

    Args:
        s3: A client of S3. It reads every object whole: what an object says of itself could have
            been written by whoever wrote the object.
    """

    def look(deployed: Deployed) -> Iterator[Found]:
        for item in deployed.resources:
            wanted = _digest(item.props)
            if item.type in DELIVERY_OBJECTS and wanted:
                props = {**item.props, **deployed.outputs.get(item.urn, {})}
                bucket, key = str(props["bucket"]), str(props["key"])
                got = _read(s3, bucket, key)
                if got != wanted:
                    yield _found(item.urn, f"s3://{bucket}/{key}", got, wanted)

    return Check(
        id="objects-unchanged",
        title="Every object of the delivery bucket is byte for byte what was released.",
        severity="critical",
        frameworks=("NIST 800-53 SI-7", "SLSA Distribution"),
        look=look,
    )


def _digest(props: Mapping[str, Any]) -> str:
    """Return the digest of the bytes: the one in a target's name, as devices ask for it.

    The metadata of a patch name what it leads to, not what it is.
    """
    if named := _NAMED.search(str(props.get("key", ""))):
        return named[1]
    metadata = props.get("metadata")
    return str(metadata.get("sha256", "")) if isinstance(metadata, Mapping) else ""


def _read(s3: Any, bucket: str, key: str) -> str:
    """Return the SHA-256 of an object, empty where there is none."""
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


def _found(urn: str, name: str, got: str, wanted: str) -> Found:
    return Found(
        urn=urn,
        finding=Finding(
            what=name,
            got=f"sha256 {got[:16]}..." if got else "no object",
            expected=f"sha256 {wanted[:16]}..., as it was released",
            next_step="find who wrote it (CloudTrail data events), then let `up` write it again; "
            "devices refuse it meanwhile",
        ),
    )
