"""The engine as a user of the official command line types it, in a shell made by `sandbox env`."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mobile_ai.gate.engine.events import parse_event
from mobile_ai.gate.engine.observation import EngineObservation
from tests.e2e.checkout import Checkout, GateRun

Verdicts = set[tuple[str, str, str]]
_SECONDS = 240
# Where the engine was built, if the cache is not below the home folder.
_CACHE = {name: os.environ[name] for name in ("XDG_CACHE_HOME",) if name in os.environ}
# A shell without our environment on PATH, where `eval "$(mobile-ai sandbox env)"` was typed.
_SHELL = """
eval "$("$PYTHON" -m mobile_ai.cli.main sandbox env --stack "$STACK")" || exit 9
export MOBILE_AI_SANDBOX=$SANDBOX PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true
exec pulumi "$@"
"""


@dataclass(kw_only=True)
class Plain:
    """Plain Pulumi in a checkout, with the policy pack and nothing of the gate.

    Attributes:
        checkout: Where.
        stack: The stack of the shell.
    """

    checkout: Checkout
    stack: str = "dev"
    said: str = field(default="", init=False)

    def preview(self) -> Verdicts:
        """Return what the pack says of a preview."""
        done = self.pulumi("preview", "--policy-pack", "policy-pack", "--json", "--non-interactive")
        seen = EngineObservation()
        for line in done.stdout.splitlines():
            seen.add(parse_event(line))
        assert seen.finished is not None, self.said
        return {(item.rule, item.urn, item.level) for item in seen.violations}

    def up(self, *, may_change: bool = True) -> int:
        """Return the exit code of an update; stand-ins change nothing unless they may."""
        arguments = ("up", "--yes", "--skip-preview", "--policy-pack", "policy-pack")
        return self.pulumi(*arguments, "--non-interactive", may_change=may_change).returncode

    def deployed(self) -> dict[str, Any]:
        """Return the stack output that is the baseline of the next run; nothing without one."""
        outputs = json.loads(self.pulumi("stack", "output", "--json").stdout)
        return json.loads(outputs["deployed"]) if "deployed" in outputs else {}

    def import_state(self, resources: Sequence[dict[str, Any]]) -> None:
        """Let the state hold some resources, as an update would have left them."""
        manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
        state = {"version": 3, "deployment": {"manifest": manifest, "resources": list(resources)}}
        assert self.pulumi("stack", "import", given=json.dumps(state)).returncode == 0, self.said

    def pulumi(
        self, *arguments: str, may_change: bool = True, given: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run `pulumi` from PATH in a fresh shell."""
        variables = {
            "HOME": os.environ["HOME"],
            **_CACHE,
            "PATH": os.defpath,
            "PYTHON": sys.executable,
            "PYTHONPATH": self.checkout.environment()["PYTHONPATH"],
            "SANDBOX": "1" if may_change else "",
            "STACK": self.stack,
        }
        done = subprocess.run(
            ["sh", "-c", _SHELL, "sh", *arguments],
            cwd=self.checkout.root,
            env=variables,
            input=given,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        self.said = done.stdout + done.stderr
        return done


def verdicts(run: GateRun) -> Verdicts:
    """Return what the pack said of a gate run."""
    return {(item["rule"], item["urn"], item["level"]) for item in run.report["violations"]}


def denying(found: Verdicts) -> set[str]:
    """Return the rules that deny."""
    return {rule for rule, _, level in found if level == "mandatory"}


def root(stack: str, deployed: str | None) -> dict[str, Any]:
    """Return the stack's own resource in a state, with or without a baseline among its outputs."""
    kind = "pulumi:pulumi:Stack"
    return {
        "urn": f"urn:pulumi:{stack}::mobile-ai::{kind}::mobile-ai-{stack}",
        "custom": False,
        "type": kind,
        "outputs": {} if deployed is None else {"deployed": deployed},
    }
