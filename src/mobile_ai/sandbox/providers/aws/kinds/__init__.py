"""Table of the AWS resource types that the stand-in creates in the API."""

from collections.abc import Mapping
from typing import Final

from mobile_ai.sandbox.providers.aws.api.kind import Kind
from mobile_ai.sandbox.providers.aws.kinds import (
    apigateway,
    balancing,
    certificates,
    cloudfront,
    containers,
    database,
    events,
    functions,
    identity,
    keys,
    lake,
    logs,
    messages,
    money,
    network,
    parameters,
    s3,
    security_groups,
    streams,
    watching,
    zones,
)

__all__ = ["KINDS", "STATE_ONLY"]

_MODULES: Final = (
    apigateway,
    balancing,
    certificates,
    cloudfront,
    containers,
    database,
    events,
    functions,
    identity,
    keys,
    lake,
    logs,
    messages,
    money,
    network,
    parameters,
    s3,
    security_groups,
    streams,
    watching,
    zones,
)
KINDS: Final[Mapping[str, Kind]] = {
    token: kind for module in _MODULES for token, kind in module.KINDS.items()
}
# Types that are kept in the state only, with the call that the sandbox's AWS API (moto) lacks, or
# with the defect of the calls it has. A test compares the former with moto's own list.
STATE_ONLY: Final[Mapping[str, str]] = {
    "aws:cloudfront/cachePolicy:CachePolicy": "cloudfront:create_cache_policy",
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": (
        "cloudfront:create_origin_request_policy"
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (
        "cloudfront:create_response_headers_policy"
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": "ce:create_anomaly_monitor",
    "aws:costexplorer/anomalySubscription:AnomalySubscription": "ce:create_anomaly_subscription",
    "aws:costexplorer/costAllocationTag:CostAllocationTag": (
        "ce:update_cost_allocation_tags_status"
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": (
        "moto's rotate_secret fails for a secret without a value, and runs the function in Docker"
    ),
}
