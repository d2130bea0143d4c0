"""Budget thresholds, cost filters and hourly limits as plain values."""

import json
from typing import Any, Final, TypedDict

from mobile_ai.components.aws import iam
from mobile_ai.components.aws.names import AwsScope, key_alias

_HOURS_A_MONTH: Final = 730
_GITHUB: Final = "https://api.github.com"
# (type, percent): AWS accepts at most five notifications per budget.
_THRESHOLDS: Final = {
    "hard": (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)),
    "soft": (("ACTUAL", 100), ("FORECASTED", 100)),
}


class BudgetLimit(TypedDict):
    """A monthly cost limit."""

    name: str
    scope: str
    """``stack``, or ``app:<name>``."""
    monthly_usd: float
    kind: str
    """``hard`` or ``soft``."""
    notify: list[str]


class RemediationTarget(TypedDict):
    """The workflow that is started when spend exceeds its limit."""

    repository: str
    """GitHub owner/name."""
    workflow: str
    app_secret_arn: str
    """Secret with the App's ``appId`` and ``installationId``; its key is in KMS."""


def cost_filter(scope: str, *, tags: dict[str, str]) -> dict[str, Any]:
    """Return the cost filter of a budget: the stack's tags, and the application's tag.

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
    """Return the budget's notifications: a threshold and subscribers for each."""
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
    """Return the hourly limit in US dollars: the stack's budget, else the sum of all budgets.

    Raises:
        ValueError: If there is no budget.
    """
    if not budgets:
        raise ValueError("budgets: got none, expected at least one")
    stack = [budget["monthly_usd"] for budget in budgets if budget["scope"] == "stack"]
    monthly = min(stack) if stack else sum(budget["monthly_usd"] for budget in budgets)
    return monthly / _HOURS_A_MONTH


def dispatch_target(remediation: RemediationTarget) -> str:
    """Return the workflow that the dispatch function starts, as JSON for its environment."""
    target = {
        "api": _GITHUB,
        "repository": remediation["repository"],
        "workflow": remediation["workflow"],
        "ref": "main",
    }
    return json.dumps(target, sort_keys=True)


def dispatch_rights(scope: AwsScope, remediation: RemediationTarget) -> list[dict[str, Any]]:
    """Return the dispatch function's rights: read one secret and sign with one key."""
    secret = remediation["app_secret_arn"]
    sign = {"StringEquals": {"kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}}
    use = iam.use_key(scope, key_alias(scope, "github-app"), actions=["kms:Sign"], sid="SignIn")
    use["Condition"] = {**use["Condition"], **sign}
    return [iam.allow("ReadApp", ["secretsmanager:GetSecretValue"], [secret]), use]
