"""The deployed state is judged by the same rules as the plan, with the same verdicts."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.gate.engine.engine_environment import PASSPHRASE
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine import environment, locate_engine
from tests.e2e.checkout import Checkout, GateRun

DEFERRING = "no-wildcard-iam"  # policy documents hold ARNs that only the cloud knows
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("e2e")]


class Deployed:
    """The dev stack of a checkout, deployed into the engine's state alone."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.project = Project(root=checkout.root, stack="dev")
        self.engine = locate_engine()

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

    def up(self, *, judged: bool = False) -> None:
        """Deploy, with the pack, or a state that nobody judged."""
        pack = (f"--policy-pack={self.project.pack}",)
        config = f"--config-file={self.project.stack_copy}"
        done = self.pulumi(
            "up", "--yes", "--skip-preview", "--stack=dev", config, *(pack if judged else ())
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def export(self) -> Path:
        """Write the state to a file, as somebody would who audits it elsewhere."""
        path = self.checkout.root / "build" / "exported.json"
        done = self.pulumi("stack", "export", "--stack=dev", f"--file={path}")
        assert done.returncode == 0, done.stdout + done.stderr
        return path

    def audit(self, *arguments: str) -> GateRun:
        result = self.checkout.run("audit", "--stack=dev", "--format=json", *arguments)
        return GateRun(code=result.returncode, out=result.stdout, err=result.stderr)


def test_state_of_a_stack_that_passes_passes_and_stays_so(checkout):
    previewed = checkout.gate()
    assert previewed.code == 0, previewed.out + previewed.err
    assert previewed.outcomes(DEFERRING)["deferred"] > 0
    deployed = Deployed(checkout)
    deployed.up(judged=True)

    audited = deployed.audit()
    known = audited.outcomes(DEFERRING)
    assert (known["deferred"], known["unknown"]) == (0, 0)
    assert known["pass"] >= previewed.outcomes(DEFERRING)["deferred"]
    assert audited.code == 0, audited.out + audited.err
    assert audited.report["doubts"] == []
    resources = audited.report["resources"]
    assert resources["judged"] == resources["total"] > 100
    assert not list((checkout.root / "build" / "gate").glob("*.state.json"))

    again = checkout.gate()
    assert again.code == 0, again.out + again.err
    assert again.report["baseline"] == "deployed state"
    assert again.report["changes"] == []

    _tampered(deployed)
    _ahead(deployed)


def _tampered(deployed: Deployed) -> None:
    """A state that somebody edited: the manifest no longer is what was signed."""
    path = deployed.export()
    text = path.read_text()
    assert "licence: " in text
    path.write_text(text.replace("licence: ", "licence: x", 1))
    found = deployed.audit(f"--file={path}")
    assert found.code == 1, found.out + found.err
    assert "model-evidence-verified" in found.denied_by
    assert found.report["doubts"] == []

    path.write_text(text.replace("urn:pulumi:dev::", "urn:pulumi:prod::"))
    other = deployed.audit(f"--file={path}")
    assert (other.code, other.out) == (2, "")
    assert "got resources of prod; expected stack dev" in other.err


def _ahead(deployed: Deployed) -> None:
    """Git pins another version than the one deployed."""

    def back(values: dict[str, Any]) -> None:
        first = values["deployments"][0]
        first |= first.pop("previous")

    deployed.checkout.edit_stack(back)
    deployed.checkout.commit()
    found = deployed.audit()
    assert (found.code, found.denied_by) == (1, {"pins-as-in-git"}), found.out + found.err
    (violation,) = (v for v in found.report["violations"] if v["rule"] == "pins-as-in-git")
    assert violation["line"] > 0
    changed = violation["changedBy"]
    assert changed["source"] == f"Git {found.report['source']['commit'][:12]}, Pulumi.dev.yaml"
    assert changed["who"]


def test_state_is_denied_by_the_rules_that_deny_its_plan(checkout):
    def send_abroad(values):
        values["aws"]["allowedRegions"] = ["eu-central-1", "us-east-1"]
        values["deployments"][0]["dataProcessing"]["privacyTier"] = "GDPR_Sensitive"
        values["deployments"][0]["region"] = "us-east-1"

    checkout.edit_stack(send_abroad)
    checkout.commit()
    planned = checkout.gate()
    assert planned.code == 1, planned.out + planned.err
    assert "data-residency" in planned.denied_by
    deployed = Deployed(checkout)
    deployed.up()
    audited = deployed.audit()
    assert audited.code == 1, audited.out + audited.err
    assert audited.denied_by == planned.denied_by
    assert audited.report["doubts"] == []  # the engine denies the same state by the same rules


def test_stack_that_was_never_deployed_cannot_be_audited(checkout):
    assert checkout.gate().code == 0
    found = Deployed(checkout).audit()
    assert (found.code, found.out) == (2, "")
    assert "got no resources; expected a deployed stack. Next: " in found.err
