"""The deployed state is judged by the same rules as the plan, with the same verdicts."""

import os
import subprocess

import pytest

from gate.events import Violation, parse_event
from gate.outcome import outcome_of
from gate.project import Project
from gate.sandbox_stack import PASSPHRASE
from sandbox.engine import environment, locate
from tests.e2e.checkout import Checkout

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]


class Deployed:
    """The dev stack of a checkout, deployed into the engine's state alone."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.project = Project(root=checkout.root, stack="dev")
        self.engine = locate()

    def pulumi(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        variables = environment(
            self.engine,
            home=self.project.home,
            backend_url=self.project.state.as_uri(),
            passphrase=PASSPHRASE,
            ambient=os.environ,
            sandbox=True,
        )
        return subprocess.run(
            [self.engine.pulumi, *arguments, "--non-interactive", "--color=never"],
            cwd=self.checkout.root,
            env={**variables, "MOBILE_AI_SANDBOX": "1", **self._paths()},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def _paths(self) -> dict[str, str]:
        return {"PYTHONPATH": self.checkout.environment()["PYTHONPATH"]}

    def up(self) -> None:
        """Deploy without the pack: a state that nobody judged."""
        config = f"--config-file={self.project.stack_copy}"
        done = self.pulumi("up", "--yes", "--skip-preview", "--stack=dev", config)
        assert done.returncode == 0, done.stdout + done.stderr

    def denials(self) -> set[str]:
        """Return the rules that `policy analyze` denies the exported state by."""
        state = self.checkout.root / "build" / "state.json"
        assert self.pulumi("stack", "export", "--stack=dev", f"--file={state}").returncode == 0
        told = self.project.log.with_name("dev.pack-config.json")  # by the gate run before
        found = self.pulumi(
            "policy",
            "analyze",
            "--json",
            f"--file={state}",
            f"--policy-pack={self.project.pack}",
            f"--policy-pack-config={told}",
        )
        events = [parse_event(line) for line in found.stdout.splitlines()]
        denied = {
            item.rule
            for item in events
            if isinstance(item, Violation) and item.level == "mandatory"
        }
        assert bool(denied) == bool(found.returncode), found.stdout + found.stderr
        assert all(outcome_of(i) != "unknown" for i in events if isinstance(i, Violation))
        return denied


def test_state_of_a_stack_that_passes_passes(checkout):
    assert checkout.gate().code == 0
    deployed = Deployed(checkout)
    deployed.up()
    assert deployed.denials() == set()
    again = checkout.gate()
    assert again.code == 0, again.out + again.err
    assert again.report["baseline"] == "deployed state"
    assert again.report["changes"] == []


def test_state_is_denied_by_the_rules_that_deny_its_plan(checkout):
    def send_abroad(values):
        values["aws"]["allowedRegions"] = ["eu-central-1", "us-east-1"]
        values["deployments"][0]["dataProcessing"]["privacyTier"] = "GDPR_Sensitive"
        values["deployments"][0]["region"] = "us-east-1"

    checkout.edit_stack(send_abroad)
    planned = checkout.gate()
    assert planned.code == 1, planned.out + planned.err
    assert "data-residency" in planned.denied_by
    deployed = Deployed(checkout)
    deployed.up()
    assert deployed.denials() == planned.denied_by
