"""Budgets hold at preview, with the real engine: nothing is deployed that nobody agreed to pay."""

import json
import os
import subprocess
from datetime import UTC, datetime

import pytest

from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.predicates import EXCEPTION
from mobile_ai.gate.engine.engine_environment import PASSPHRASE
from mobile_ai.gate.state.deployed_record import RecordedUp, sign_record
from mobile_ai.gate.state.record_branch import BRANCH, add_record
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.testing import Signers, make_record
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


@pytest.mark.accept
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


@pytest.mark.accept
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


def test_change_above_the_cap_is_denied_against_what_is_deployed(checkout):
    """The state holds one key of a dollar; the plan adds the rest of the stack."""

    pack = checkout.root / "policy-pack" / "config" / "dev.json"
    config = json.loads(pack.read_text())
    config["rules"]["budgets-hold"] = {"parameters": {"maximumIncreaseUsd": 5}}
    pack.write_text(json.dumps(config))

    first = checkout.gate()
    assert first.code == 0, first.out + first.err  # a first deployment is no increase

    deploy(checkout, "aws:kms/key:Key")
    run = checkout.gate()

    denied(run, "soft budget stack")
    assert "USD, more than 5.00 without an exception" in run.messages("budgets-hold")
    assert run.report["cost"]["prior"]["typical"] == "1.06"


@pytest.mark.accept
def test_the_cap_holds_in_a_check_whose_sandbox_has_no_state(checkout):
    """A pull request is checked in a fresh sandbox: the deployed record says what runs."""
    signers = sign_world(checkout)
    pack = checkout.root / "policy-pack" / "config" / "dev.json"
    config = json.loads(pack.read_text())
    config["rules"]["budgets-hold"] = {"parameters": {"maximumIncreaseUsd": 5}}
    pack.write_text(json.dumps(config))
    checkout.commit()
    known = ("--base", "HEAD", "--record", BRANCH)

    app = {"app:field-assistant": "5"}
    record(checkout, signers, {"stack": "1.06", **app})
    above = checkout.gate("dev", *known)
    denied(above, "soft budget stack")
    assert "USD, more than 5.00 without an exception" in above.messages("budgets-hold")

    typical = above.report["cost"]["proposed"]["typical"]
    record(checkout, signers, {"stack": typical, **app})
    same = checkout.gate("dev", *known)
    assert same.code == 0, same.out + same.err


def record(checkout: Checkout, signers: Signers, costs: dict[str, str]) -> None:
    """Record that an `up` left these costs, as the pipeline does."""
    up = RecordedUp(
        stack="dev",
        commit="c" * 40,
        gate="b" * 64,
        state="a" * 64,
        at=datetime(2026, 6, 1, tzinfo=UTC),
    )
    text = sign_record(up, Baseline(costs=costs), None, signer=signers.by_role["pipeline"])
    add_record(checkout.root, BRANCH, "dev", text, anew=True)


def deploy(checkout: Checkout, token: str) -> None:
    """Let the state of dev hold the stack and one resource, as an update would have left it."""
    engine = locate_engine()
    variables = environment(
        engine,
        home=checkout.root / "build" / "pulumi-home",
        backend_url=(checkout.root / "build" / "state").as_uri(),
        passphrase=PASSPHRASE,
        ambient=os.environ,
        sandbox=True,
    )
    stack = "urn:pulumi:dev::mobile-ai::pulumi:pulumi:Stack::mobile-ai-dev"
    told = write_deployed(Baseline(costs={"stack": "1.06"}), stack="dev")
    resources = [
        {
            "urn": stack,
            "custom": False,
            "type": "pulumi:pulumi:Stack",
            "outputs": {"deployed": told},
        },
        {
            "urn": f"urn:pulumi:dev::mobile-ai::{token}::old",
            "custom": False,
            "type": token,
            "parent": stack,
            "inputs": {"region": "eu-central-1"},
        },
    ]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    subprocess.run(
        [engine.pulumi, "stack", "import", "--stack=dev"],
        cwd=checkout.root,
        env=variables,
        input=json.dumps(
            {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}
        ),
        text=True,
        capture_output=True,
        check=True,
    )
