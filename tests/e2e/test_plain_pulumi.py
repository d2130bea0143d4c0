"""Plain `pulumi preview` and `pulumi up` with the pack give the verdicts of `mobile-ai gate`."""

from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.tokens import DEPLOYMENT
from tests.e2e.checkout import Checkout, GateRun, duplicate
from tests.e2e.plain import Plain, denying, root, verdicts

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
RING, DOWNGRADE = "rollout-one-ring-at-a-time", "no-silent-downgrade"


def first(values: dict[str, Any]) -> dict[str, Any]:
    deployment: dict[str, Any] = values["deployments"][0]
    return deployment


def without_previous(values: dict[str, Any]) -> None:
    del first(values)["previous"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_preview_of_a_stack_that_was_never_deployed(
    pristine: Checkout, gated: dict[str, GateRun], stack: str
) -> None:
    found = Plain(checkout=pristine, stack=stack).preview()

    assert found == verdicts(gated[stack])
    assert (denying(found), pristine.status()) == (set(), "")


def test_deployed_stack_keeps_its_baseline_when_an_update_fails_and_no_downgrade_passes(
    checkout: Checkout,
) -> None:
    plain = Plain(checkout=checkout)
    checkout.edit_stack(without_previous)
    assert plain.up() == 0, plain.said
    deployed = plain.deployed()
    assert deployed["deployments"]["field-assistant-digits"]["aiModel"]["version"] == "1.1.0"
    assert float(deployed["costs"]["stack"]) > 1

    def more(values: dict[str, Any]) -> None:
        first(values)["placement"][1]["replicas"]["max"] += 1

    checkout.edit_stack(more)
    assert plain.up(may_change=False) != 0
    assert "refuses to" in plain.said
    assert plain.deployed() == deployed

    def older(values: dict[str, Any]) -> None:
        manifest = "models/digits/1.0.0/manifest.yaml"
        first(values).update(version="1.0.0", manifest=manifest)

    checkout.edit_stack(older)
    checkout.renew_pins()
    found = plain.preview()
    assert denying(found) == {DOWNGRADE}, plain.said
    assert found == verdicts(checkout.gate())
    assert plain.up() != 0
    assert DOWNGRADE in plain.said
    assert plain.deployed() == deployed


@pytest.mark.accept
def test_stage_that_skips_a_ring_is_denied_by_both(pristine: Checkout, tmp_path: Path) -> None:
    checkout = duplicate(pristine, tmp_path / "prod")
    plain = Plain(checkout=checkout, stack="prod")
    pinned: dict[str, Any] = {}
    checkout.edit_stack(lambda values: pinned.update(first(values)), stack="prod")
    spec = {
        "aiModel": {"version": pinned["version"], "sha256": pinned["sha256"]},
        "rollout": pinned["rollout"],
    }
    baseline = Baseline(
        deployments={"field-assistant-digits": spec}, costs={"stack": "0", "app:x": "0"}
    )
    plain.import_state([root("prod", write_deployed(baseline, stack="prod"))])
    checkout.edit_stack(
        lambda values: first(values)["rollout"].update(stage="general"), stack="prod"
    )

    found = plain.preview()

    # The cap of prod's pack is held against what the baseline cost: nothing.
    # It holds no time either, at which a ring was opened.
    assert denying(found) == {RING, "rollout-soaked", "budgets-hold"}, plain.said
    assert found == verdicts(checkout.gate("prod"))


@pytest.mark.accept
def test_state_with_deployments_and_no_baseline_lets_only_a_halt_pass(checkout: Checkout) -> None:
    lost = {
        "urn": f"urn:pulumi:prod::mobile-ai::{DEPLOYMENT}::field-assistant-digits",
        "custom": False,
        "type": DEPLOYMENT,
        "parent": root("prod", None)["urn"],
    }
    plain = Plain(checkout=checkout, stack="prod")
    plain.import_state([root("prod", None), lost])

    # Of an unknown cost, the increase is unknown too.
    assert denying(plain.preview()) == {DOWNGRADE, "budgets-hold"}, plain.said

    checkout.edit_stack(lambda values: first(values)["rollout"].update(halted=True), stack="prod")
    assert denying(plain.preview()) == set(), plain.said
