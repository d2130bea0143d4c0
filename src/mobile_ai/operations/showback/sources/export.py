"""A month from an export of AWS Data Exports in S3: the newest execution, and only that.

Layout: https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html. A
manifest is written after its data files and names them; where every execution is kept, each has a
manifest of its own, and summing them would count every charge once for each.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.operations.showback.bill import NEEDED, check_month
from mobile_ai.operations.showback.errors import ShowbackError
from mobile_ai.operations.showback.focus_files import merge_focus
from mobile_ai.operations.showback.sources.aws_errors import asking

_URI: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+?)/?")
_PERMISSION: Final = "s3:ListBucket and s3:GetObject on the export"
_ENDINGS: Final = (".csv.gz", ".parquet")
_NEEDED: Final = (*NEEDED, "ChargePeriodEnd", "ChargePeriodStart")
_LARGEST: Final = 10_000_000  # bytes of a manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    key: str
    etag: str
    files: tuple[str, ...]


def fetch_export(
    s3: Any, address: str, *, month: str, out: Path, tell: Callable[[str], None] = lambda _: None
) -> str:
    """Write a month of an export as one FOCUS file and return the manifest that it is from.

    Args:
        s3: boto3's ``s3``.
        address: ``s3://<bucket>/<prefix>/<export name>``.
        month: ``YYYY-MM``.
        out: CSV file to write, packed if its name ends in ``.gz``.
        tell: Told how far it is, in sentences.

    Raises:
        ShowbackError: There is no such export or month, a file is not what its manifest says, or
            AWS delivered anew while it was read.
    """
    check_month(month)
    parsed = _URI.fullmatch(address)
    if parsed is None:
        raise ShowbackError(
            "--from",
            got=repr(address),
            expected="s3://<bucket>/<prefix>/<export name>",
            next_step="name the folder that has `data` and `metadata` in it",
        )
    bucket, prefix = parsed.groups()
    with asking(address, permission=_PERMISSION), tempfile.TemporaryDirectory() as folder:
        manifest = _newest(s3, bucket, prefix, month)
        paths = []
        for number, key in enumerate(manifest.files, 1):
            tell(f"Reading file {number} of {len(manifest.files)} of the export")
            paths.append(Path(folder) / f"{number}{_ending(key)}")
            s3.download_file(bucket, key, str(paths[-1]))
        if s3.head_object(Bucket=bucket, Key=manifest.key)["ETag"] != manifest.etag:
            raise ShowbackError(
                address,
                got="a new execution while it was read",
                expected="one execution",
                next_step="run it again",
            )
        merge_focus(paths, out, month=month, needed=_NEEDED)
    return f"s3://{bucket}/{manifest.key}"


def _newest(s3: Any, bucket: str, prefix: str, month: str) -> _Manifest:
    partition = f"BILLING_PERIOD={month}/"
    where = f"{prefix}/metadata/{partition}"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=where)
    found = [item for page in pages for item in page.get("Contents", ())]
    found = [item for item in found if item["Key"].endswith("Manifest.json")]
    if not found:
        raise ShowbackError(
            f"s3://{bucket}/{where}",
            got="no manifest",
            expected="one that AWS Data Exports wrote",
            next_step="see that the export is FOCUS 1.2 and that this month was delivered",
        )
    key = max(found, key=lambda item: (item["LastModified"], item["Key"]))["Key"]
    answer = s3.get_object(Bucket=bucket, Key=key)
    text = answer["Body"].read(_LARGEST + 1)
    try:
        value = read_json(text.decode(), name=key, max_bytes=_LARGEST)
        files = tuple(str(item) for item in value["dataFiles"])
    except (DocumentError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise _odd(key, f"{type(error).__name__}: {error}") from error
    beginning = f"s3://{bucket}/"
    inside = f"{beginning}{prefix}/data/{partition}"
    # A manifest is somebody else's file: it leads to this export's data and nowhere else.
    strange = [name for name in files if not (name.startswith(inside) and name.endswith(_ENDINGS))]
    if strange or not files or len(set(files)) != len(files):
        raise _odd(key, f"data file {strange[0]!r}" if strange else f"{len(files)} data files")
    return _Manifest(
        key=key, etag=answer["ETag"], files=tuple(name.removeprefix(beginning) for name in files)
    )


def _ending(key: str) -> str:
    return next(ending for ending in _ENDINGS if key.endswith(ending))


def _odd(key: str, got: str) -> ShowbackError:
    return ShowbackError(
        f"manifest {key}",
        got=got,
        expected="`dataFiles` below the export's own `data`, each once, .csv.gz or .parquet",
        next_step="see that the address is that of an export; nothing was written",
    )
