"""Usage meters and the burn-rate alarm threshold."""

from typing import Any, Final, TypedDict

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, arn, physical_name

# The hourly limit is a mean; a busy hour may reach three times that.
_BUSY_HOUR: Final = 3
_GB: Final = 1024**3


class Meter(TypedDict):
    """A usage metric and its unit price."""

    name: str
    region: str
    namespace: str
    metric: str
    dimensions: dict[str, Any]
    """Values may be Pulumi outputs: the meters are passed in an SSM parameter."""
    usd_per_unit: float


class UnitPrices(TypedDict):
    """Prices, in US dollars, of usage that devices can drive up within minutes."""

    cdn_gb: float
    cdn_request: float
    stream_gb: float


class MeteredFunction(TypedDict):
    """A model's function and its prices in US dollars."""

    name: str
    region: str
    usd_per_call: float
    usd_per_ms: float
    """For its memory; a call costs its request and its time."""


def usage_meters(
    scope: AwsScope, *, distribution_id: Any, prices: UnitPrices, functions: list[MeteredFunction]
) -> list[Meter]:
    """Return the meters of a stack: usage that devices can drive up within minutes."""
    cdn = {"DistributionId": distribution_id, "Region": "Global"}
    cloudfront = ("us-east-1", "AWS/CloudFront", cdn)  # where it reports, whatever the region
    stream = {"StreamName": physical_name(scope, "telemetry")}
    kinesis = (scope["region"], "AWS/Kinesis", stream)
    return [
        _meter("cdn-bytes", cloudfront, "BytesDownloaded", prices["cdn_gb"] / _GB),
        _meter("cdn-requests", cloudfront, "Requests", prices["cdn_request"]),
        _meter("stream-bytes", kinesis, "IncomingBytes", prices["stream_gb"] / _GB),
        *(
            _meter(f"{name}-{item['name']}", function, metric, usd)
            for item in functions
            for function in [(item["region"], "AWS/Lambda", {"FunctionName": item["name"]})]
            for name, metric, usd in (
                ("calls", "Invocations", item["usd_per_call"]),
                ("time", "Duration", item["usd_per_ms"]),
            )
        ),
    ]


def meter_rights(scope: AwsScope, parameter: str) -> list[dict[str, Any]]:
    """Return the metering function's rights; CloudWatch metrics have no ARNs to scope to."""
    place = arn(scope, "ssm", f"parameter{parameter}")
    own = {"StringEquals": {"cloudwatch:namespace": "MobileAI/Cost"}}
    return [
        iam.allow("ReadMeters", ["ssm:GetParameter"], [place]),
        iam.allow("ReadMetrics", ["cloudwatch:GetMetricData"], ["*"]),
        iam.allow("WriteRate", ["cloudwatch:PutMetricData"], ["*"], conditions=own),
    ]


def alarm(scope: AwsScope, hourly_limit_usd: float) -> dict[str, Any]:
    """Return the alarm; a single datapoint triggers it, so a spike is found within 15 minutes."""
    return {
        "alarm_description": "money burns faster than the budget allows in a busy hour",
        "namespace": "MobileAI/Cost",
        "metric_name": "BurnRate",
        "dimensions": {"Stack": scope["stack"]},
        "statistic": "Maximum",
        "period": 300,
        "evaluation_periods": 1,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": round(_BUSY_HOUR * hourly_limit_usd, 4),  # US dollars an hour
        "treat_missing_data": "missing",
    }


def _meter(
    name: str, source: tuple[str, str, dict[str, Any]], metric: str, usd_per_unit: float
) -> Meter:
    region, namespace, dimensions = source
    return {
        "name": name,
        "region": region,
        "namespace": namespace,
        "metric": metric,
        "dimensions": dimensions,
        "usd_per_unit": usd_per_unit,
    }
