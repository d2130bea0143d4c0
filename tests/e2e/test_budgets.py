"""Budgets hold at preview, with the real engine: nothing is deployed that nobody agreed to pay."""

import pytest
from governance.statements import EXCEPTION
from governance.testing import Signers, make_record

from tests.e2e.checkout import Checkout, GateRun
from tests.e2e.world import sign_world

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
STACK, APP = 0, 1  # of dev's budgets: soft for all, hard for the application


def limit(checkout: Checkout, budget: int, usd: float) -> None:
    def change(values):
        values["budgets"][budget]["monthlyUsd"] = usd

    checkout.edit_stack(change)


def denied(run: GateRun, message: str) -> None:
    assert run.code == 1, run.out + run.err
    assert run.denied_by == {"budgets-hold"}
    assert message in run.messages("budgets-hold")


def except_(checkout: Checkout, signers: Signers, role: str, **predicate: str) -> None:
    """Put an exception for the stack's budget into the checkout."""
    said = {"stack": "dev", "budget": "stack", "monthlyUsd": "100", **predicate}
    path = checkout.root / "policy-pack" / "waivers" / "dev" / "budget.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(make_record(EXCEPTION, said, signer=signers.by_role[role]))


def test_plan_above_a_hard_budget_is_denied(checkout):
    def dear(values):
        values["sites"][0]["nodePriceUsdPerHour"] = 2

    checkout.edit_stack(dear)
    limit(checkout, APP, 40)
    denied(checkout.gate(), "hard budget field-assistant")


def test_plan_above_a_soft_budget_is_denied_without_an_exception(checkout):
    limit(checkout, STACK, 20)
    denied(checkout.gate(), "soft budget stack")


def test_plan_above_a_soft_budget_passes_with_a_signed_exception_while_it_lasts(checkout):
    signers = sign_world(checkout)
    limit(checkout, STACK, 20)

    except_(checkout, signers, "finops-approver", expires="2036-01-01T00:00:00Z")
    run = checkout.gate()
    assert run.code == 0, run.out + run.err

    except_(checkout, signers, "finops-approver", expires="2026-01-01T00:00:00Z")
    denied(checkout.gate(), "soft budget stack")


def test_exception_that_another_role_signed_covers_nothing(checkout):
    signers = sign_world(checkout)
    limit(checkout, STACK, 20)
    except_(checkout, signers, "builder", expires="2036-01-01T00:00:00Z")

    run = checkout.gate()

    assert run.code == 1, run.out + run.err
    assert run.denied_by == {"budgets-hold", "records-verified"}


def test_report_compares_with_what_a_commit_plans(checkout):
    def dear(values):
        values["sites"][0]["nodePriceUsdPerHour"] = 0.06  # twice that of the commit

    checkout.edit_stack(dear)

    cost = checkout.gate("dev", "--base", "HEAD").report["cost"]

    nodes = [item for item in cost["resources"] if item["type"].startswith("kubernetes:")]
    assert cost["against"] == "HEAD"
    assert nodes
    for node in nodes:
        assert float(node["delta"]) == pytest.approx(float(node["prior"]), abs=0.011)
    others = [float(item["delta"]) for item in cost["resources"] if item not in nodes]
    assert set(others) == {0}
    assert float(cost["delta"]) > 0
