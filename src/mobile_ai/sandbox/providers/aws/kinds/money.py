"""AWS budgets."""

from typing import Any, Final

from mobile_ai.sandbox.providers.aws.api.calls import Api
from mobile_ai.sandbox.providers.aws.api.kind import Call, Kind, action
from mobile_ai.sandbox.providers.aws.api.subject import ApiSubject

_BUDGET: Final = {
    "BudgetName": "{name}",
    "BudgetType": "{budgetType}",
    "TimeUnit": "{timeUnit}",
    "BudgetLimit": {"Amount": "{limitAmount}", "Unit": "{limitUnit}"},
    "FilterExpression": "{filterExpression}",
}


def _notifications(subject: ApiSubject) -> list[dict[str, Any]]:
    found = []
    for item in subject.value("notifications") or ():
        kinds = (("EMAIL", "subscriberEmailAddresses"), ("SNS", "subscriberSnsTopicArns"))
        found.append(
            {
                "Notification": {
                    "NotificationType": item["notificationType"],
                    "ComparisonOperator": item["comparisonOperator"],
                    "Threshold": item["threshold"],
                    "ThresholdType": item["thresholdType"],
                },
                "Subscribers": [
                    {"SubscriptionType": kind, "Address": address}
                    for kind, name in kinds
                    for address in item.get(name) or ()
                ],
            }
        )
    return found


@action("budgets:delete_budget", "budgets:create_budget")
def _make_again(api: Api, subject: ApiSubject) -> None:
    """Recreate the budget, since the sandbox's API has no UpdateBudget."""
    api.call(subject, "delete_budget", **_NAMED(subject))
    api.run(_CREATE, subject)


def _NAMED(subject: ApiSubject) -> dict[str, str]:  # noqa: N802
    return {"AccountId": subject.facts["account"], "BudgetName": str(subject.value("name"))}


_CREATE: Final = Call(
    operation="create_budget",
    give={
        "AccountId": "{account}",
        "Budget": _BUDGET,
        "NotificationsWithSubscribers": _notifications,
    },
    fill=False,
)
_ONE: Final = {"AccountId": "{account}", "BudgetName": "{name}"}

KINDS: Final = {
    "aws:budgets/budget:Budget": Kind(
        service="budgets",
        create=_CREATE,
        update=_make_again,
        read=Call(operation="describe_budget", give=_ONE, fill=False),
        at="Budget",
        delete=Call(operation="delete_budget", give=_ONE, fill=False),
        id="{account}:{name}",
        names={
            "name": "BudgetName",
            "limitAmount": "BudgetLimit.Amount",
            "limitUnit": "BudgetLimit.Unit",
        },
        outputs={"arn": "arn:{partition}:budgets::{account}:budget/{name}"},
        unkept=("notifications", "filterExpression", "metrics", "timePeriodEnd", "tagsAll", "tags"),
    ),
}
