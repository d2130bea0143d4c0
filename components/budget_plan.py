"""What budgets decide without the cloud: thresholds, filters, limits by the hour."""

import json
from typing import Any, Final, TypedDict

from components import iam
from components.aws_names import AwsScope, key_alias

__all__ = [
    "BudgetLimit",
    "RemediationTarget",
    "cost_filter",
    "dispatch_rights",
    "dispatch_target",
    "hourly_limit",
    "notifications",
]

_HOURS_A_MONTH: Final = 730
_GITHUB: Final = "https://api.github.com"
# (type, percent): AWS takes at most five notifications a budget.
_THRESHOLDS: Final = {
    "hard": (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)),
    "soft": (("ACTUAL", 100), ("FORECASTED", 100)),
}


class BudgetLimit(TypedDict):
    """A monthly limit on money."""

    name: str
    scope: str
    """``stack``, or ``app:<name>``."""
    monthly_usd: float
    kind: str
    """``hard`` or ``soft``."""
    notify: list[str]


class RemediationTarget(TypedDict):
    """The workflow that is started when money burns too fast."""

    repository: str
    """GitHub owner/name."""
    workflow: str
    app_secret_arn: str
    """Secret with the App's ``appId`` and ``installationId``; its key is in KMS."""


def cost_filter(scope: str, *, tags: dict[str, str]) -> dict[str, Any]:
    """Return the filter of a budget: all of the stack's tags, and the application's.

    Raises:
        ValueError: If the scope is neither ``stack`` nor ``app:<name>``.
    """
    kind, _, app = scope.partition(":")
    wanted = dict(tags)
    if kind == "app" and app:
        wanted["mobile-ai:app"] = app
    elif scope != "stack":
        raise ValueError(f"budget scope: got {scope!r}, expected 'stack' or 'app:<name>'")
    return {
        "ands": [
            {"tags": {"key": key, "values": [value], "match_options": ["EQUALS"]}}
            for key, value in sorted(wanted.items())
        ]
    }


def notifications(budget: BudgetLimit, topic_arn: Any) -> list[dict[str, Any]]:
    """Return who is told at which share of the limit."""
    return [
        {
            "comparison_operator": "GREATER_THAN",
            "notification_type": kind,
            "threshold": percent,
            "threshold_type": "PERCENTAGE",
            "subscriber_email_addresses": budget["notify"],
            "subscriber_sns_topic_arns": [topic_arn],
        }
        for kind, percent in _THRESHOLDS[budget["kind"]]
    ]


def hourly_limit(budgets: list[BudgetLimit]) -> float:
    """Return the dollars an hour that all budgets allow: the stack's, else the sum of the apps'.

    Raises:
        ValueError: If there is no budget.
    """
    if not budgets:
        raise ValueError("budgets: got none, expected at least one")
    stack = [budget["monthly_usd"] for budget in budgets if budget["scope"] == "stack"]
    monthly = min(stack) if stack else sum(budget["monthly_usd"] for budget in budgets)
    return monthly / _HOURS_A_MONTH


def dispatch_target(remediation: RemediationTarget) -> str:
    """Return what the dispatching function starts, as text for its environment."""
    target = {
        "api": _GITHUB,
        "repository": remediation["repository"],
        "workflow": remediation["workflow"],
        "ref": "main",
    }
    return json.dumps(target, sort_keys=True)


def dispatch_rights(scope: AwsScope, remediation: RemediationTarget) -> list[dict[str, Any]]:
    """Return what the dispatching function needs: one secret, and to sign with one key."""
    secret = remediation["app_secret_arn"]
    sign = {"StringEquals": {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}}
    use = iam.use_key(scope, key_alias(scope, "github-app"), actions=["kms:Sign"], sid="SignIn")
    use["Condition"] = {**use["Condition"], **sign}
    return [iam.allow("ReadApp", ["secretsmanager:GetSecretValue"], [secret]), use]
