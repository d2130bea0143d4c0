"""Maps settings to the arguments of ``Telemetry`` and ``CostBudget``."""

import pulumi

from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.tags import aws_tags
from mobile_ai.components.budget.budget import CostBudgetArgs
from mobile_ai.components.budget.plan import BudgetLimit, RemediationTarget
from mobile_ai.components.plan.arguments import arguments_of, aws_scope
from mobile_ai.components.telemetry.telemetry import TelemetryArgs
from mobile_ai.contracts.telemetry import GROUP_TIER
from mobile_ai.stack.load import StackInputs


def telemetry_arguments(inputs: StackInputs, *, platform: PlatformParts) -> TelemetryArgs:
    """Return the arguments of ``Telemetry``."""
    identity, deployments = inputs.settings.identity, inputs.settings.deployments
    groups = {i.app for i in deployments if i.data_processing.privacy_tier == GROUP_TIER}
    return arguments_of(
        TelemetryArgs,
        inputs.settings.telemetry,
        scope=aws_scope(inputs),
        platform=platform,
        issuer=identity.issuer,
        audiences=list(identity.audiences),
        group_apps=sorted(groups),
    )


def budget_arguments(
    inputs: StackInputs, *, platform: PlatformParts, distribution_arn: pulumi.Output[str]
) -> CostBudgetArgs:
    """Return the arguments of ``CostBudget``.

    Raises:
        CostError: The burn rate is enabled and a price is missing.
    """
    settings = inputs.settings
    remediation = settings.cost.remediation
    arguments: CostBudgetArgs = {
        "scope": aws_scope(inputs),
        "platform": platform,
        "budgets": [arguments_of(BudgetLimit, budget) for budget in settings.budgets],
        "tags": aws_tags(settings.owner, environment=settings.environment),
        "anomaly_monitor": settings.cost.anomaly_monitor,
        "remediation": arguments_of(RemediationTarget, remediation) if remediation else None,
    }
    if settings.cost.burn_rate:
        # Reading the catalogue takes a third of a second, which other stacks need not wait.
        from mobile_ai.components.plan.meters import stack_meters  # noqa: PLC0415

        arguments["meters"] = stack_meters(inputs, distribution_arn=distribution_arn)
    return arguments
