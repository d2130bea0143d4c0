"""Burn-rate alarm: usage times price, evaluated every five minutes."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws.function import ServiceFunction
from mobile_ai.components.aws.names import AwsScope, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.schedule import scheduled
from mobile_ai.components.budget import burn_rate_plan as plan
from mobile_ai.components.budget.burn_rate_plan import Meter


class BurnRateArgs(TypedDict):
    """Arguments of :class:`BurnRate`."""

    scope: AwsScope
    platform: PlatformParts
    topic_arn: pulumi.Input[str]
    """Topic shared with the budgets: the same function handles both."""
    hourly_limit_usd: float
    meters: list[Meter]


class BurnRate(pulumi.ComponentResource):
    """Meters, the function that prices them every five minutes, and an alarm.

    A spike is detected within 12 minutes: five of the window, two of metric lag, five of the
    schedule.
    """

    def __init__(
        self, name: str, args: BurnRateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the meters and the alarm."""
        super().__init__("mobileai:index:BurnRate", name, to_wire(args), opts)
        scope, platform = args["scope"], args["platform"]
        child = pulumi.ResourceOptions(parent=self)
        parameter = f"/{physical_name(scope, 'burn-rate')}/meters"
        # Resource IDs of the meters are unknown until creation. Passing them in a parameter keeps
        # the function's own configuration plain at preview.
        aws.ssm.Parameter(
            name,
            name=parameter,
            type="String",
            value=pulumi.Output.json_dumps([_wire(meter) for meter in args["meters"]]),
            opts=child,
        )
        function = ServiceFunction(
            name,
            {
                "scope": scope,
                "platform": platform,
                "purpose": "burn-rate",
                "sources": ["burn_rate.py"],
                "environment": {"METERS": parameter, "STACK": scope["stack"]},
                "statements": plan.meter_rights(scope, parameter),
                "timeout_seconds": 60,
                "concurrency": 1,
            },
            child,
        )
        scheduled(
            name,
            scope=scope,
            platform=platform,
            function=function,
            expression="rate(5 minutes)",
            opts=child,
        )
        aws.cloudwatch.MetricAlarm(
            name,
            name=physical_name(scope, "burn-rate"),
            **plan.alarm(scope, args["hourly_limit_usd"]),
            alarm_actions=[args["topic_arn"], platform["alarm_topic_arn"]],
            opts=child,
        )
        self.register_outputs({"hourlyLimitUsd": args["hourly_limit_usd"]})


def _wire(meter: Meter) -> dict[str, object]:
    # Dimension names are CloudWatch's, so only the meter's own keys change case.
    return {
        "name": meter["name"],
        "region": meter["region"],
        "namespace": meter["namespace"],
        "metric": meter["metric"],
        "dimensions": meter["dimensions"],
        "usdPerUnit": meter["usd_per_unit"],
    }
