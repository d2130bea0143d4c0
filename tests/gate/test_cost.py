"""Cost of a plan compared with the deployed cost, as reported."""

from decimal import Decimal
from typing import Any

import pytest

from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.report.actuals import Billed
from mobile_ai.gate.report.cost import Terms, cost_report
from mobile_ai.gate.report.sections import CostReport
from mobile_ai.pricing.budgets import Prior
from tests.pricing.support import UNPRICED, context, deployment, model, resource

NAT = resource("aws:ec2/natGateway:NatGateway", {}, name="nat")  # 730 x 0.052 + 20 x 0.052
KEY = resource("aws:kms/key:Key", {}, name="key")  # 1.00 + 20,000 x 0.000003
CDN = resource("aws:cloudfront/distribution:Distribution", {}, name="cdn")


def plan(*extra: Resource, **changes: Any) -> list[Resource]:
    return [context(), model(), deployment(**changes), KEY, *extra]


def by_name(parts: Any) -> dict[str, Any]:
    return {item.name: item for item in parts}


def test_what_is_added_is_the_delta_of_the_whole_of_its_part_and_of_itself():
    found = cost_report(plan(NAT), plan(), against="main")

    assert (found.against, found.prior.typical, found.delta) == ("main", "1.06", "39.00")
    assert found.proposed.typical == "40.06"
    assert by_name(found.deployments)[""].delta == "39.00"
    assert by_name(found.deployments)["field-digits"].delta == "0.00"
    assert [(i.name, i.delta) for i in found.resources if i.delta != "0.00"] == [("nat", "39.00")]


def test_what_goes_away_is_a_saving():
    found = cost_report(plan(), plan(NAT), against="main")

    assert found.delta == "-39.00"
    assert by_name(found.resources)["nat"].typical == "0.00"


def test_without_a_prior_there_is_no_delta_and_not_a_delta_of_zero():
    found = cost_report(plan())

    assert (found.prior, found.delta, found.against) == (None, None, "")
    assert {item.delta for item in found.resources} == {None}


def test_what_has_no_price_is_counted_named_and_in_no_sum():
    one, both = cost_report(plan()), cost_report(plan(UNPRICED))

    assert (both.unpriced, both.proposed.unknown) == (1, 1)
    assert both.proposed.typical == one.proposed.typical
    assert [(i.resource, i.ceiling) for i in both.unknowns] == [("queries", "18.00")]


def test_a_budget_says_what_the_pack_says():
    limits = Terms(told=Prior.told({"field": "0"}))
    nodes = context(budgets=[{"name": "b", "scope": "stack", "monthlyUsd": 1, "kind": "hard"}])

    (budget,) = cost_report([nodes, model(), deployment(), KEY], terms=limits).budgets

    assert (budget.outcome, budget.limit, budget.typical) == ("deny", "1.00", "1.06")
    assert "above the limit" in budget.reasons[0]
    assert round(budget.share, 2) == Decimal("1.06").__float__()


def test_the_values_of_a_tag_add_up_to_the_whole():
    labels = {"metadata": {"labels": {"mobile-ai.dev/team": "vision"}}}
    tagged = resource("aws:kms/key:Key", labels, name="tagged")

    teams = by_name(cost_report([KEY, tagged]).tags["team"])

    assert {name: item.typical for name, item in teams.items()} == {"": "1.06", "vision": "1.06"}


@pytest.mark.parametrize(
    "broken", [plan(CDN, usage={"monthlyActiveDevices": -1}), [context(sites=[{}], budgets=[{}])]]
)
def test_what_cannot_be_estimated_says_why_and_gives_no_figure(broken: list[Resource]):
    found = cost_report(broken)

    assert not found.estimated
    assert "expected" in found.reason
    assert (found.proposed, found.unpriced) == (None, len(broken))


BUDGETS = [
    {"name": "all", "scope": "stack", "monthlyUsd": 100, "kind": "soft"},
    {"name": "field", "scope": "app:field", "monthlyUsd": 10, "kind": "hard"},
]
IDENTITY = {"environment": "dev"}


def forecast(*charges: tuple[dict[str, str], str], day: int = 15) -> CostReport:
    billed = Billed(
        month="2026-11", day=day, days=30, charges=tuple((t, Decimal(usd)) for t, usd in charges)
    )
    resources = [context(budgets=BUDGETS), model(), deployment(), NAT, KEY]
    return cost_report(resources, terms=Terms(billed=billed, identity=IDENTITY))


def test_a_month_ends_at_what_is_billed_and_the_plan_for_the_days_that_remain():
    found = by_name(forecast((IDENTITY, "10.00")).budgets)["all"]

    assert (found.spent, found.typical) == ("10.00", "40.06")
    assert found.forecast == "30.03"  # 10 + 40.06 x 15 / 30


def test_on_the_last_day_the_month_is_what_was_billed():
    assert by_name(forecast((IDENTITY, "10.00"), day=30).budgets)["all"].forecast == "10.00"


def test_an_application_is_charged_its_own_and_no_other_stacks_charges_count():
    own = {**IDENTITY, "app": "field"}

    found = forecast((own, "3.00"), ({"environment": "prod", "app": "field"}, "99"), ({}, "7"))

    assert by_name(found.budgets)["field"].spent == "3.00"
    assert (found.actuals.untagged, found.actuals.month) == ("106.00", "2026-11")
