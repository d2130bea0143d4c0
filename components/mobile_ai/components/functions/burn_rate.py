"""Lambda function that publishes the burn rate: usage of the last minutes times unit prices."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

_PERIOD = timedelta(minutes=5)
_LAG = timedelta(minutes=2)  # delay until CloudWatch has most of a minute's data
_HOUR = timedelta(hours=1)


def handler(_event: Any, _context: Any) -> dict[str, Any]:
    """Measure and publish the burn rate of the stack."""
    answer = boto3.client("ssm").get_parameter(Name=os.environ["METERS"])
    meters = json.loads(answer["Parameter"]["Value"])
    start, end = window(datetime.now(UTC))
    regions = sorted({meter["region"] for meter in meters})
    values: dict[str, float] = {}
    for region in regions:
        client = boto3.client("cloudwatch", region_name=region)
        here = [meter for meter in meters if meter["region"] == region]
        values |= measure(client, here, start=start, end=end)
    rate = burn_rate(meters, values)
    boto3.client("cloudwatch").put_metric_data(
        Namespace="MobileAI/Cost",
        MetricData=[
            {
                "MetricName": "BurnRate",
                "Dimensions": [{"Name": "Stack", "Value": os.environ["STACK"]}],
                "Unit": "None",  # US dollars an hour
                "Value": rate,
            }
        ],
    )
    return {"usdPerHour": rate}


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the last complete five-minute window whose data is available."""
    ready = now - _LAG
    end = ready - timedelta(
        minutes=ready.minute % 5, seconds=ready.second, microseconds=ready.microsecond
    )
    return end - _PERIOD, end


def measure(
    cloudwatch: Any, meters: list[dict[str, Any]], *, start: datetime, end: datetime
) -> dict[str, float]:
    """Return the sum of each meter in the window, by name; missing data counts as zero."""
    queries = [
        {
            "Id": f"m{at}",
            "MetricStat": {
                "Metric": {
                    "Namespace": meter["namespace"],
                    "MetricName": meter["metric"],
                    "Dimensions": [
                        {"Name": name, "Value": value}
                        for name, value in meter["dimensions"].items()
                    ],
                },
                "Period": int(_PERIOD.total_seconds()),
                "Stat": "Sum",
            },
        }
        for at, meter in enumerate(meters)
    ]
    found = _results(cloudwatch, queries, start, end)
    return {meter["name"]: found.get(f"m{at}", 0.0) for at, meter in enumerate(meters)}


def burn_rate(meters: Iterable[dict[str, Any]], values: dict[str, float]) -> float:
    """Return US dollars per hour at the usage of the window."""
    spent = sum(values[meter["name"]] * meter["usdPerUnit"] for meter in meters)
    return float(spent * (_HOUR / _PERIOD))


def _results(
    cloudwatch: Any, queries: list[dict[str, Any]], start: datetime, end: datetime
) -> dict[str, float]:
    found: dict[str, float] = {}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=end
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            found[result["Id"]] = found.get(result["Id"], 0.0) + sum(result["Values"])
    return found
