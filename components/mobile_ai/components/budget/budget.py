"""AWS Budgets with notifications, anomaly detection and the remediation trigger."""

from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.function import ServiceFunction
from mobile_ai.components.aws.names import AwsScope, key_alias, physical_name, to_wire
from mobile_ai.components.aws.platform import PlatformParts, encrypted_topic
from mobile_ai.components.aws.service_source import invoker_source
from mobile_ai.components.budget import plan
from mobile_ai.components.budget.burn_rate import BurnRate
from mobile_ai.components.budget.burn_rate_plan import Meter
from mobile_ai.components.budget.plan import BudgetLimit, RemediationTarget

_LONGEST_BUDGET: Final = 100  # AWS Budgets API reference, Budget.BudgetName


class CostBudgetArgs(TypedDict):
    """Arguments of :class:`CostBudget`."""

    scope: AwsScope
    platform: PlatformParts
    budgets: list[BudgetLimit]
    tags: dict[str, str]
    """Cost tags that all of the stack's resources carry."""
    anomaly_monitor: bool
    remediation: RemediationTarget | None
    """Workflow to start; ``None`` only notifies."""
    meters: NotRequired[list[Meter]]
    """Meters evaluated every five minutes; without any, only AWS Budgets watch, hours late."""


class CostBudget(pulumi.ComponentResource):
    """AWS budgets, their topic, the remediation function and the burn-rate alarm.

    Budgets evaluate billing data that is hours old and are the backstop. The burn rate evaluates
    usage of the last five minutes and is the fast path.
    """

    topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: CostBudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the budgets and the resources that act on them."""
        super().__init__("mobileai:index:CostBudget", name, to_wire(args), opts)
        scope, platform = args["scope"], args["platform"]
        child = pulumi.ResourceOptions(parent=self)
        topic = encrypted_topic(
            f"{name}-alerts",
            scope=scope,
            key_arn=platform["key_arn"],
            services=["budgets", "cloudwatch", "costalerts"],
            notify=[],
            opts=child,
        )
        for budget in args["budgets"]:
            _budget(f"{name}-{budget['name']}", args, budget, topic.arn, child)
        if args["anomaly_monitor"]:
            _anomalies(name, args, topic, child)
        if args["remediation"] is not None:
            _remediation(name, args, args["remediation"], topic, child)
        if meters := args.get("meters"):
            BurnRate(
                f"{name}-burn",
                {
                    "scope": scope,
                    "platform": platform,
                    "topic_arn": topic.arn,
                    "hourly_limit_usd": plan.hourly_limit(args["budgets"]),
                    "meters": meters,
                },
                child,
            )
        self.topic_arn = topic.arn
        self.register_outputs({"topicArn": topic.arn, "budgets": to_wire(args)["budgets"]})


def _budget(
    name: str,
    args: CostBudgetArgs,
    budget: BudgetLimit,
    topic_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.budgets.Budget(
        name,
        name=physical_name(args["scope"], "budget", budget["name"], longest=_LONGEST_BUDGET),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{budget['monthly_usd']:.2f}",
        limit_unit="USD",
        metrics="UnblendedCost",
        filter_expression=plan.cost_filter(budget["scope"], tags=args["tags"]),
        notifications=plan.notifications(budget, topic_arn),
        opts=opts,
    )


def _anomalies(
    name: str, args: CostBudgetArgs, topic: aws.sns.Topic, opts: pulumi.ResourceOptions
) -> None:
    physical = physical_name(args["scope"], name)
    # Opt-in, because an account may have only one monitor of this kind.
    monitor = aws.costexplorer.AnomalyMonitor(
        name, name=physical, monitor_type="DIMENSIONAL", monitor_dimension="SERVICE", opts=opts
    )
    aws.costexplorer.AnomalySubscription(
        name,
        name=physical,
        frequency="IMMEDIATE",
        monitor_arn_lists=[monitor.arn],
        subscribers=[{"type": "SNS", "address": topic.arn}],
        threshold_expression={
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "match_options": ["GREATER_THAN_OR_EQUAL"],
                # A day's worth of the limit.
                "values": [f"{24 * plan.hourly_limit(args['budgets']):.2f}"],
            }
        },
        opts=opts,
    )


def _remediation(
    name: str,
    args: CostBudgetArgs,
    remediation: RemediationTarget,
    topic: aws.sns.Topic,
    opts: pulumi.ResourceOptions,
) -> None:
    scope = args["scope"]
    _app_key(name, scope, opts)
    function = ServiceFunction(
        f"{name}-dispatch",
        {
            "scope": scope,
            "platform": args["platform"],
            "purpose": "budget-dispatch",
            "sources": ["budget_dispatch.py"],
            "environment": {
                "APP_SECRET_ARN": remediation["app_secret_arn"],
                "KEY_ID": key_alias(scope, "github-app"),
                "STACK": scope["stack"],
                "TARGET": plan.dispatch_target(remediation),
            },
            "statements": plan.dispatch_rights(scope, remediation),
            "timeout_seconds": 60,
            "concurrency": 1,
        },
        opts,
    )
    aws.lambda_.Permission(
        f"{name}-dispatch",
        action="lambda:InvokeFunction",
        function=function.function_name,
        **invoker_source("sns.amazonaws.com", scope, topic.arn),
        opts=opts,
    )
    aws.sns.TopicSubscription(
        f"{name}-dispatch",
        topic=topic.arn,
        protocol="lambda",
        endpoint=function.function_arn,
        opts=opts,
    )


def _app_key(name: str, scope: AwsScope, opts: pulumi.ResourceOptions) -> None:
    """Create the KMS key for the App's private key; an operator imports the key material."""
    key = aws.kms.ExternalKey(
        f"{name}-app",
        description="Private key of the GitHub App that starts the remediation",
        key_spec="RSA_2048",
        key_usage="SIGN_VERIFY",
        deletion_window_in_days=30,
        policy=iam.key_policy(scope, imported=True),
        opts=opts,
    )
    aws.kms.Alias(
        f"{name}-app", name=key_alias(scope, "github-app"), target_key_id=key.id, opts=opts
    )
