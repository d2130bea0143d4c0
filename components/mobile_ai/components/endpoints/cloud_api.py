"""Routes, alarms and access log format of a cloud inference endpoint, as plain values."""

from dataclasses import dataclass
from typing import Any, Final

COMMAND: Final = ("-m", "awslambdaric", "mobile_ai.edge.lambda_function.handler")
"""Command of the image in Lambda: the runtime interface client.

Its entry point is the Python interpreter; a site runs the server module instead.
"""
_PERIOD_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A threshold on a metric of a function.

    Attributes:
        name: Condition that the alarm reports.
        metric: Metric of AWS/Lambda.
        statistic: ``Sum`` or a percentile such as ``p95``.
        threshold: Highest acceptable value over five minutes.
    """

    name: str
    metric: str
    statistic: str
    threshold: float


ALARMS: Final = (
    Alarm(name="errors", metric="Errors", statistic="Sum", threshold=5),
    # Throttles mean that reserved concurrency, the spend cap, is rejecting requests.
    Alarm(name="throttles", metric="Throttles", statistic="Sum", threshold=10),
    Alarm(name="slow", metric="Duration", statistic="p95", threshold=3_000),  # milliseconds
)
"""Alarms of a model's function."""


def routes(model: str) -> tuple[str, ...]:
    """Return the routes of the Open Inference Protocol v2 that one model requires."""
    return (
        f"GET /v2/models/{model}",
        f"GET /v2/models/{model}/ready",
        f"POST /v2/models/{model}/infer",
    )


def alarm_arguments(alarm: Alarm, *, function: str) -> dict[str, Any]:
    """Return the metric arguments of a CloudWatch alarm on a function."""
    percentile = alarm.statistic.startswith("p")
    return {
        "namespace": "AWS/Lambda",
        "metric_name": alarm.metric,
        "dimensions": {"FunctionName": function},
        "statistic": None if percentile else alarm.statistic,
        "extended_statistic": alarm.statistic if percentile else None,
        "threshold": alarm.threshold,
        "comparison_operator": "GreaterThanThreshold",
        "period": _PERIOD_SECONDS,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
    }


def log_format() -> dict[str, str]:
    """Return the access log fields; client addresses and request contents are excluded."""
    return {
        "requestId": "$context.requestId",
        "routeKey": "$context.routeKey",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "error": "$context.error.message",
    }
