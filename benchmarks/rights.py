"""Coverage of the deploy role for all API calls that deploying dev and prod makes."""

from collections.abc import Iterator

from benchmarks._row import Row
from mobile_ai.operations.bootstrap.documents import deploy_policies
from tests.operations.bootstrap.judge import missing
from tests.operations.bootstrap.plans import STACKS, place_of, plan_of
from tests.operations.bootstrap.required import calls_of

__all__ = ["IDS", "rows"]

IDS = ("cloud.rights_missing",)


def rows() -> Iterator[Row]:
    """Count pairs of action and ARN that the role of the bootstrap lacks."""
    wanted, lacking = 0, 0
    for stack in STACKS:
        calls = calls_of(stack)
        wanted += len(calls)
        policies = deploy_policies(plan_of(stack), place_of(stack))
        lacking += len(missing(policies, calls))
    yield Row(
        id=IDS[0],
        value=lacking,
        unit="pairs",
        peer="bar: 0",
        n=wanted,
        note="CloudFormation's handlers and AWS's guides, ARNs by parliament; dev and prod",
    )
