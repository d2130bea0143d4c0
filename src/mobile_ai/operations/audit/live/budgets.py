"""Check that the AWS budgets exist, with their limits."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from mobile_ai.contracts.reading import Finding
from mobile_ai.contracts.resource import Resource
from mobile_ai.operations.audit.contract import Check, DeployedStack, Found
from mobile_ai.operations.audit.live.trail import Last

_CALLS: Final = ("UpdateBudget", "DeleteBudget", "CreateBudget")
_BUDGET: Final = "aws:budgets/budget:Budget"


def budgets_there(budgets: Any, account: str, last: Last) -> Check:
    """Return the check.

    Args:
        budgets: boto3's ``budgets`` client.
        account: The account, 12 digits.
        last: Looks up the author of a change; CloudTrail records AWS Budgets in us-east-1.
    """

    def look(deployed: DeployedStack) -> Iterator[Found]:
        for item in deployed.resources:
            if item.type == _BUDGET:
                got = _read(budgets, account, str(item.props["name"]))
                wanted = _limit(item)
                if got != wanted:
                    yield _found(item, got, wanted, last)

    return Check(
        id="budgets-there",
        title="Every budget exists with the limit that was deployed.",
        severity="high",
        frameworks=("AWS Well-Architected COST02-BP05",),
        look=look,
    )


def _limit(item: Resource) -> str:
    return f"{Decimal(str(item.props['limitAmount'])):.2f} {item.props['limitUnit']}"


def _read(budgets: Any, account: str, name: str) -> str:
    try:
        found = budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return ""
        raise
    limit = found["BudgetLimit"]
    return f"{Decimal(limit['Amount']):.2f} {limit['Unit']}"


def _found(item: Resource, got: str, wanted: str, last: Last) -> Found:
    return Found(
        urn=item.urn,
        finding=Finding(
            what=f"budget {item.props['name']}",
            got=got or "no budget",
            expected=f"{wanted} a month, as it was deployed",
            next_step="find who changed it, then run the pipeline: `up` restores it",
        ),
        author=partial(last, str(item.props["name"]), _CALLS),
    )
