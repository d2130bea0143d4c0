"""Maps settings to the arguments of ``Telemetry`` and ``CostBudget``."""

from mobile_ai.components.aws.platform import PlatformParts
from mobile_ai.components.aws.tags import aws_tags
from mobile_ai.components.budget.budget import CostBudgetArgs
from mobile_ai.components.budget.plan import BudgetLimit, RemediationTarget
from mobile_ai.components.plan.arguments import aws_scope
from mobile_ai.components.telemetry.telemetry import TelemetryArgs
from mobile_ai.contracts.telemetry import GROUP_TIER
from mobile_ai.stack.load import StackInputs
from mobile_ai.stack.settings_platform import Budget, Remediation

__all__ = ["budget_arguments", "telemetry_arguments"]


def telemetry_arguments(inputs: StackInputs, *, platform: PlatformParts) -> TelemetryArgs:
    """Return the arguments of ``Telemetry``."""
    telemetry, identity = inputs.settings.telemetry, inputs.settings.identity
    return {
        "scope": aws_scope(inputs),
        "platform": platform,
        "issuer": identity.issuer,
        "audiences": list(identity.audiences),
        "domain": telemetry.domain,
        "certificate_arn": telemetry.certificate_arn,
        "hosted_zone_id": telemetry.hosted_zone_id,
        "shards": telemetry.shards,
        "stream_retention_hours": telemetry.stream_retention_hours,
        "retention_days": telemetry.retention_days,
        "infrequent_after_days": telemetry.infrequent_after_days,
        "quarantine_retention_days": telemetry.quarantine_retention_days,
        "rate_per_second": telemetry.rate_per_second,
        "burst": telemetry.burst,
        "buffer_seconds": telemetry.buffer_seconds,
        "buffer_mb": telemetry.buffer_mb,
        "scan_limit_gb": telemetry.scan_limit_gb,
        "group_apps": sorted(
            {
                item.app
                for item in inputs.settings.deployments
                if item.data_processing.privacy_tier == GROUP_TIER
            }
        ),
    }


def budget_arguments(inputs: StackInputs, *, platform: PlatformParts) -> CostBudgetArgs:
    """Return the arguments of ``CostBudget``."""
    settings = inputs.settings
    remediation = settings.cost.remediation
    return {
        "scope": aws_scope(inputs),
        "platform": platform,
        "budgets": [_limit(budget) for budget in settings.budgets],
        "tags": aws_tags(settings.owner, environment=settings.environment),
        "anomaly_monitor": settings.cost.anomaly_monitor,
        "remediation": None if remediation is None else _target(remediation),
    }


def _limit(budget: Budget) -> BudgetLimit:
    return {
        "name": budget.name,
        "scope": budget.scope,
        "monthly_usd": budget.monthly_usd,
        "kind": budget.kind,
        "notify": list(budget.notify),
    }


def _target(remediation: Remediation) -> RemediationTarget:
    return {
        "repository": remediation.repository,
        "workflow": remediation.workflow,
        "app_secret_arn": remediation.app_secret_arn,
    }
