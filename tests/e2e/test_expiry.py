"""Three years on under the real gate: what runs may stay, be halted; nothing else may change."""

from typing import Any

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.test_audit import Deployed
from tests.e2e.world import end_in_two_years, sign_world

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]
_CLOCK = "Servicer(folder, version=load_version(folder))"
_LATER = (
    "Servicer(folder, version=load_version(folder), clock=lambda: "
    "__import__('datetime').datetime.now(__import__('datetime').timezone.utc)"
    " + __import__('datetime').timedelta(days={days}))"
)
RULE = "ethical-assessment-approved"


def years_on(checkout: Checkout, years: int) -> None:
    """Give the running pack a later clock; nothing outside the pack can."""
    path = checkout.root / "policy-pack" / "mobile_ai" / "governance" / "pulumi_pack" / "serve.py"
    text = path.read_text()
    assert text.count(_CLOCK) == 1
    path.write_text(text.replace(_CLOCK, _LATER.format(days=365 * years)))


def test_what_runs_stays_and_any_change_to_it_waits_for_a_new_assessment(
    checkout: Checkout,
) -> None:
    sign_world(checkout, assessment=end_in_two_years)
    first = checkout.gate()
    assert RULE not in first.denied_by, first.out + first.err
    Deployed(checkout).up()
    years_on(checkout, 3)

    kept = checkout.gate()
    assert RULE not in kept.denied_by, kept.out + kept.err
    assert kept.outcomes(RULE)["warned"] == 1

    checkout.edit_stack(lambda values: values["deployments"][0]["rollout"].update(halted=True))
    halted = checkout.gate()
    assert RULE not in halted.denied_by, halted.out + halted.err

    def change(values: dict) -> None:  # type: ignore[type-arg]  # as the stack file has it
        values["deployments"][0]["rollout"]["halted"] = False
        values["deployments"][0]["usage"]["updatesPerMonth"] += 1

    checkout.edit_stack(change)
    changed = checkout.gate()
    assert changed.code == 1, changed.out + changed.err
    assert RULE in changed.denied_by


@pytest.mark.accept
def test_at_night_under_an_expired_trust_a_rollback_passes_and_nothing_else(
    checkout: Checkout,
) -> None:
    """With the commands that an engineer on call types, and without a new signature."""
    sign_world(checkout)
    pinned: dict[str, Any] = {}

    def older(values: dict[str, Any]) -> None:
        deployment = values["deployments"][0]
        pinned.update(deployment)
        deployment.update(deployment.pop("previous"))

    checkout.edit_stack(older)
    deployed = Deployed(checkout)
    for values in ({}, pinned):
        if values:
            checkout.edit_stack(lambda stack: stack["deployments"][0].update(pinned))
        first = checkout.gate()
        assert first.code == 0, first.out + first.err
        deployed.up()
    years_on(checkout, 12)

    name = f"{pinned['app']}-{pinned['model']}"
    done = checkout.run("release", "rollback", name, "--stack=dev")
    assert done.returncode == 0, done.stdout + done.stderr
    found = checkout.gate()
    assert found.denied_by == set(), found.out + found.err
    assert found.outcomes("stack-configured")["warned"] >= 1

    checkout.edit_stack(
        lambda stack: stack["deployments"][0]["usage"].update(monthlyActiveDevices=501)
    )
    assert "stack-configured" in checkout.gate().denied_by
