"""Object keys, cache lifetimes, firewall rules and edge function code as plain values."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, TypedDict

from mobile_ai.components import functions

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""`Cache-Control` of objects whose keys carry their digest or version."""
LOG_FIELDS: Final = (
    "timestamp(ms)",
    "x-edge-location",
    "sc-bytes",
    "cs-method",
    "cs-uri-stem",
    "sc-status",
    "x-edge-result-type",
    "x-edge-detailed-result-type",
    "cs-protocol-version",
    "ssl-protocol",
    "time-taken",
    "time-to-first-byte",
    "sc-range-start",
    "sc-range-end",
)
"""Fields of the CDN's access log.

Without those that identify clients: c-ip, x-forwarded-for, cs(User-Agent), cs(Referer), cookies.
"""
_SOURCE: Final = Path(functions.__file__).with_name("delivery_function.js")
_LONGEST_CODE: Final = 10_240  # bytes, CloudFront quotas
_CONFIG_LINE: Final = re.compile(r"^const CONFIG = .*;$", re.MULTILINE)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DIGEST: Final = re.compile(r"([0-9a-f]{16})[0-9a-f]{48}")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Target(TypedDict):
    """An on-device artifact as a TUF target."""

    file: str
    """File name, as in the manifest, without folders."""
    path: str
    """Path of the file, relative to the program's folder."""
    sha256: str
    """Digest of the bytes."""
    manifest_sha256: str
    """SHA-256 of the manifest that lists it."""


class ReleaseObject(TypedDict):
    """A file of the signed release."""

    key: str
    """Object key: ``metadata/...`` or ``targets/...``."""
    path: str
    """Path of the file, relative to the program's folder."""
    sha256: str
    """Digest of the bytes."""
    step: int
    """Upload order: objects of a lower step are uploaded first."""
    leads_to: str
    """Digest of the artifact that a patch produces; empty for other files."""
    manifest_sha256: str
    """SHA-256 of the manifest that lists that artifact; empty for other files."""


def target_key(target: Target) -> str:
    """Return the object key ``targets/<sha256>.<file>``, which changes with the contents.

    Raises:
        ValueError: If the digest or the file name has another form.
    """
    if not _SHA256.fullmatch(target["sha256"]):
        raise ValueError(
            f"target {target['file']!r}: got sha256 {target['sha256']!r}, "
            "expected 64 lower-case hexadecimal digits, as in the manifest"
        )
    if not _FILE_NAME.fullmatch(target["file"]):
        raise ValueError(
            f"target {target['file']!r}: got a file name that the CDN would refuse, "
            "expected letters, digits, '.', '_' and '-', at most 128"
        )
    return f"targets/{target['sha256']}.{target['file']}"


def unique_targets(targets: list[Target]) -> dict[str, Target]:
    """Return the targets by key, sorted; two applications may ship one artifact.

    If several manifests list the same bytes, the lowest manifest digest is kept, which makes the
    result independent of order.
    """
    ordered = sorted(targets, key=lambda item: (target_key(item), item["manifest_sha256"]))
    return {target_key(item): item for item in reversed(ordered)}


def steps(objects: Iterable[ReleaseObject]) -> list[list[ReleaseObject]]:
    """Return the objects grouped by step, so that referenced objects precede their references."""
    ordered = sorted(objects, key=lambda item: (item["step"], item["key"]))
    return [list(group) for _, group in groupby(ordered, key=lambda item: item["step"])]


def object_name(key: str) -> str:
    """Return the resource name of an object: its key with shortened digests."""
    return _DIGEST.sub(r"\1", key).replace("/", "-")


def object_metadata(item: ReleaseObject) -> dict[str, str]:
    """Return the S3 user metadata of a release object.

    Rules match an object to a manifest by the digest of an artifact. A patch is not in the
    manifest; it carries the digest of the artifact that it produces, which is also in its key.
    """
    if item["leads_to"]:
        return {"sha256": item["leads_to"], "manifest-sha256": item["manifest_sha256"]}
    return {"sha256": item["sha256"]}


def cache_control(key: str, *, metadata_ttl_seconds: int) -> str:
    """Return the ``Cache-Control`` value; objects named by digest are immutable."""
    if key.startswith("targets/"):
        return IMMUTABLE
    return f"public, max-age={metadata_ttl_seconds}"


def check_bytes(target: Target | ReleaseObject, content: bytes) -> None:
    """Refuse a file whose bytes differ from the signed digest.

    Raises:
        ValueError: If the digest differs.
    """
    digest = hashlib.sha256(content).hexdigest()
    if digest != target["sha256"]:
        raise ValueError(
            f"target {target['path']}: got bytes with sha256 {digest}, expected "
            f"{target['sha256']}: restore the file that was signed for"
        )


def edge_function_code(halted: Sequence[str]) -> str:
    """Return the code of the viewer-request function.

    Args:
        halted: SHA-256 of the targets that are no longer served.

    Raises:
        ValueError: If the code is longer than CloudFront accepts.
    """
    config = f"const CONFIG = {json.dumps({'halted': sorted(set(halted))})};"
    code, count = _CONFIG_LINE.subn(config, _SOURCE.read_text(encoding="utf-8"))
    if count != 1:
        raise ValueError(f"{_SOURCE.name}: got {count} lines 'const CONFIG = …;', expected one")
    size = len(code.encode())
    if size > _LONGEST_CODE:
        raise ValueError(
            f"edge function: got {size} bytes with {len(halted)} halted targets, CloudFront takes "
            f"{_LONGEST_CODE}: remove deployments that are halted for good"
        )
    return code


def viewer_certificate(certificate_arn: Any | None) -> dict[str, Any]:
    """Return the TLS settings; a minimum version requires a custom domain."""
    if certificate_arn is None:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": certificate_arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }


def waf_rules(rate_limit_per_five_minutes: int) -> list[dict[str, Any]]:
    """Return the firewall's rules in wire form: a rate limit and two managed groups.

    Known bad inputs and the IP reputation list are free of charge (AWS WAF pricing).
    """
    rate = {"limit": rate_limit_per_five_minutes, "aggregateKeyType": "IP"}
    groups = ("AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet")
    limit = {
        "name": "rate-limit",
        "priority": 0,
        "action": {"block": {}},
        "statement": {"rateBasedStatement": rate},
        "visibilityConfig": visibility("rate-limit"),
    }
    return [limit, *(_managed(group, at + 1) for at, group in enumerate(groups))]


def visibility(metric: str) -> dict[str, Any]:
    """Return a rule's metrics, without sampled requests, which contain client addresses."""
    return {
        "cloudwatchMetricsEnabled": True,
        "metricName": metric,
        "sampledRequestsEnabled": False,
    }


def _managed(group: str, priority: int) -> dict[str, Any]:
    return {
        "name": group,
        "priority": priority,
        "overrideAction": {"none": {}},
        "statement": {"managedRuleGroupStatement": {"name": group, "vendorName": "AWS"}},
        "visibilityConfig": visibility(group),
    }
