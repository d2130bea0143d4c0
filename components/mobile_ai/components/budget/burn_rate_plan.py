"""Usage meters and the burn-rate alarm threshold."""

from typing import Any, Final, TypedDict

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, arn, physical_name

__all__ = ["Meter", "MeterPlaces", "UnitPrices", "alarm", "meter_rights", "usage_meters"]

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
    """Unit prices, in US dollars, of usage that can spike; from the price catalogue."""

    cdn_gb: float
    cdn_request: float
    stream_gb: float
    function_request: float


class MeterPlaces(TypedDict):
    """Resources that emit the usage metrics of a stack."""

    distribution_id: Any
    functions: list[str]
    """Names of model functions."""


def usage_meters(scope: AwsScope, places: MeterPlaces, prices: UnitPrices) -> list[Meter]:
    """Return the meters of a stack: usage that devices can drive up within minutes."""
    cdn = {"DistributionId": places["distribution_id"], "Region": "Global"}
    stream = {"StreamName": physical_name(scope, "telemetry")}
    meters = [
        _meter(
            "cdn-bytes", "us-east-1", "AWS/CloudFront BytesDownloaded", cdn, prices["cdn_gb"] / _GB
        ),
        _meter("cdn-requests", "us-east-1", "AWS/CloudFront Requests", cdn, prices["cdn_request"]),
        _meter(
            "stream-bytes",
            scope["region"],
            "AWS/Kinesis IncomingBytes",
            stream,
            prices["stream_gb"] / _GB,
        ),
    ]
    functions = [
        _meter(
            f"function-{function}",
            scope["region"],
            "AWS/Lambda Invocations",
            {"FunctionName": function},
            prices["function_request"],
        )
        for function in places["functions"]
    ]
    return [*meters, *functions]


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
    name: str, region: str, metric: str, dimensions: dict[str, Any], usd_per_unit: float
) -> Meter:
    namespace, _, metric_name = metric.partition(" ")
    return {
        "name": name,
        "region": region,
        "namespace": namespace,
        "metric": metric_name,
        "dimensions": dimensions,
        "usd_per_unit": usd_per_unit,
    }
