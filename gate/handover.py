"""What the gate tells the pack and the engine never does: what is deployed now.

The pack takes it as the configuration of one rule (`governance.pulumi_pack.levels`). No level is
set with it: those are the pack's own.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from governance.pulumi_pack.levels import BASELINE_RULE

from gate.baseline import Baseline
from gate.expectation import Expectation
from gate.project import Project

__all__ = ["baseline_text", "write_handover"]


def write_handover(
    project: Project,
    baseline: Baseline | None,
    expected: Expectation,
    *,
    costs: Mapping[str, str] | None = None,
) -> Path | None:
    """Write the pack's configuration and return its path; `None` if no rule asks for it.

    Args:
        project: Of which stack.
        baseline: What is deployed.
        expected: Which rules there are.
        costs: What is deployed costs (see `gate.before`); `None` where nothing is.
    """
    if BASELINE_RULE not in expected.rules:
        return None
    path = project.log.with_name(f"{project.stack}.pack-config.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = baseline_text(baseline, costs=costs)
    path.write_text(json.dumps({BASELINE_RULE: {"baseline": text}}))
    return path


def baseline_text(baseline: Baseline | None, *, costs: Mapping[str, str] | None = None) -> str:
    """Return a baseline as the pack reads it; nothing deployed is a baseline too."""
    pins = baseline.pins if baseline else {}
    deployments = {
        name: {
            "version": pin.version,
            "sha256": pin.sha256,
            "previousSha256": pin.previous,
            "specSha256": pin.spec,
        }
        for name, pin in sorted(pins.items())
    }
    released = sorted(baseline.released) if baseline else []
    return json.dumps({"released": released, "deployments": deployments, "costs": costs})
