"""What is deployed now costs, as the gate tells the pack."""

from decimal import Decimal

from governance.cost.budgets import Prior
from governance.pulumi_pack.levels import read_baseline
from governance.reading import UNKNOWN

from gate.before import costs_before, declared_budgets
from gate.handover import baseline_text
from gate.stackfile import StackFile
from tests.governance_cost.support import context, deployment, resource

KEY = resource("aws:kms/key:Key", {}, name="key")  # 1.00 + 20,000 x 0.000003 = 1.06 typical
BUDGETS = [{"name": "all", "scope": "stack"}, {"name": "none", "scope": "app:nobody"}]


def test_every_declared_budget_has_what_it_costs_now():
    assert costs_before([KEY], BUDGETS) == {"all": "1.060000", "none": "0"}


def test_nothing_deployed_is_not_the_same_as_nothing_known():
    broken = [KEY, deployment(usage={"monthlyActiveDevices": -1})]
    cdn = resource("aws:cloudfront/distribution:Distribution", {})

    assert costs_before([], BUDGETS) is None
    assert costs_before([*broken, cdn], BUDGETS) == {}
    assert costs_before([context(sites=UNKNOWN), KEY], BUDGETS) == {}


def test_pack_reads_the_costs_that_the_gate_hands_over():
    told = read_baseline(baseline_text(None, costs={"all": "1.06"})).costs

    assert Prior.told(told).of("all") == Decimal("1.06")
    assert read_baseline(baseline_text(None)).costs is None


def test_budgets_of_a_stack_file_that_cannot_be_read_are_none():
    text = "config: {mobile-ai:budgets: [{name: a, scope: stack}, 7]}"

    assert declared_budgets(StackFile.parse(text, name="x").config) == [
        {"name": "a", "scope": "stack"}
    ]
    assert declared_budgets({"mobile-ai:budgets": 7}) == []
