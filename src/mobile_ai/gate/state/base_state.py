"""A state that says what a commit deploys, for a check that has no state of its own.

A pull request is checked in a fresh sandbox, where nothing was ever deployed. The program reads its
baseline from its stack's outputs, so the commit's pins are put there, in a state beside that of the
sandbox.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.errors import DocumentError
from mobile_ai.gate.engine.process import capture
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.baseline import declared_pin, stack_file_at
from mobile_ai.sandbox.engine import Engine


def state_of_commit(
    project: Project, engine: Engine, variables: Mapping[str, str], reference: str
) -> dict[str, str]:
    """Return the engine's variables with a state whose outputs are what a commit's stack file pins.

    Args:
        project: The checkout and the stack, whose sandbox state is empty and stays so.
        engine: The engine.
        variables: Its variables.
        reference: The commit.

    Raises:
        GateError: There is no such commit, its stack file pins what cannot be read, or the engine
            takes no such state.
    """
    text = _baseline(project, reference)
    folder = project.root / "build" / "base-state" / project.stack
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project.state, folder)
    changed = {**variables, "PULUMI_BACKEND_URL": folder.as_uri()}
    result = capture(
        [engine.pulumi, "stack", "import", f"--stack={project.stack}"],
        folder=project.root,
        environment=changed,
        given=json.dumps(_state(project, text)),
    )
    if result.returncode:
        raise GateError(
            f"baseline of {reference}: got {result.stderr.strip()!r}; expected `pulumi stack "
            f"import` to succeed. Next: remove {folder} and run the same command again."
        )
    return changed


def _baseline(project: Project, reference: str) -> str:
    found = dict(_specs(project, reference))
    pins = [spec["aiModel"] for spec in found.values()]
    digests = [pin["sha256"] for pin in pins] + [pin["previous"]["sha256"] for pin in pins]
    baseline = Baseline(released=frozenset(filter(None, digests)), deployments=found)
    try:
        return write_deployed(baseline, stack=project.stack)
    except DocumentError as error:
        raise GateError(str(error)) from error


def _specs(project: Project, reference: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what step rules compare of every deployment: its model and its rollout."""
    for _, name, entry in stack_file_at(project, reference).deployments():
        pin = declared_pin(entry)
        previous = {"sha256": pin.previous}
        model = {"id": pin.model, "version": pin.version, "sha256": pin.sha256}
        yield (
            name,
            {"aiModel": {**model, "previous": previous}, "rollout": entry.get("rollout") or {}},
        )


def _state(project: Project, text: str) -> dict[str, Any]:
    token, name = "pulumi:pulumi:Stack", f"mobile-ai-{project.stack}"
    stack = {
        "urn": f"urn:pulumi:{project.stack}::mobile-ai::{token}::{name}",
        "custom": False,
        "type": token,
        "outputs": {"deployed": text},
    }
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": [stack]}}
