"""A state that says what is deployed, for a check that has no state of its own.

A pull request is checked in a fresh sandbox, where nothing was ever deployed. The program reads its
baseline from its stack's outputs, so what the deployed record says, or without records what the
base commit pins, is put there, in a state beside that of the sandbox.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mobile_ai.contracts.deployed import Baseline, write_deployed
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.tokens import DEPLOYMENT
from mobile_ai.gate.engine.process import capture
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.baseline import declared_pin, stack_file_at
from mobile_ai.sandbox.engine import Engine
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.git import git
from mobile_ai.stack.settings_digest import settings_digest


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
    return _with_state(project, engine, variables, _state(project, _baseline(project, reference)))


def state_of_record(
    project: Project, engine: Engine, variables: Mapping[str, str], baseline: Baseline | None
) -> dict[str, str]:
    """Return the engine's variables with a state that holds what the deployed record says.

    Args:
        project: The checkout and the stack.
        engine: The engine.
        variables: Its variables.
        baseline: What the record says; `None` where it is lost, which is a state with a deployment
            and without a baseline.

    Raises:
        GateError: The engine takes no such state.
    """
    text = None if baseline is None else _text(project, baseline)
    return _with_state(project, engine, variables, _state(project, text))


def has_release(project: Project, reference: str) -> bool:
    """Return whether a commit has release metadata of the stack."""
    return bool(_metadata(project, reference))


def _with_state(
    project: Project, engine: Engine, variables: Mapping[str, str], state: Mapping[str, Any]
) -> dict[str, str]:
    folder = project.root / "build" / "base-state" / project.stack
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project.state, folder)
    changed = {**variables, "PULUMI_BACKEND_URL": folder.as_uri()}
    result = capture(
        [engine.pulumi, "stack", "import", f"--stack={project.stack}"],
        folder=project.root,
        environment=changed,
        given=json.dumps(state),
    )
    if result.returncode:
        raise GateError(
            f"baseline of stack {project.stack}: got {result.stderr.strip()!r}; expected `pulumi "
            f"stack import` to succeed. Next: remove {folder} and run the same command again."
        )
    return changed


def _baseline(project: Project, reference: str) -> str:
    found = dict(_specs(project, reference))
    pins = [spec["aiModel"] for spec in found.values()]
    digests = [pin["sha256"] for pin in pins] + [pin["previous"]["sha256"] for pin in pins]
    try:
        settings = settings_digest(stack_file_at(project, reference).settings)
    except StackFileError:
        settings = ""  # then nothing counts as a safety change
    baseline = Baseline(
        released=frozenset(filter(None, digests)),
        deployments=found,
        release=_metadata(project, reference),
        settings=settings,
        from_commit=True,
    )
    return _text(project, baseline)


def _text(project: Project, baseline: Baseline) -> str:
    try:
        return write_deployed(baseline, stack=project.stack)
    except DocumentError as error:
        raise GateError(str(error)) from error


def _metadata(project: Project, reference: str) -> dict[str, int]:
    """Return the newest version of each role's release metadata at a commit, by file name."""
    folder = f"releases/{project.stack}/metadata/"
    try:
        listed = git(project.root, "ls-tree", "-z", "--name-only", reference, folder)
    except GovernanceError as error:
        raise GateError(str(error)) from error
    found: dict[str, int] = {}
    for name in listed.split("\0"):
        match = _METADATA.fullmatch(name.removeprefix(folder))
        if match is not None:
            found[match[2]] = max(int(match[1]), found.get(match[2], 0))
    return found


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


_METADATA: Final = re.compile(r"([1-9][0-9]{0,9})\.([a-z0-9-]+)\.json")


def _state(project: Project, text: str | None) -> dict[str, Any]:
    token, name = "pulumi:pulumi:Stack", f"mobile-ai-{project.stack}"
    stack = {
        "urn": f"urn:pulumi:{project.stack}::mobile-ai::{token}::{name}",
        "custom": False,
        "type": token,
        "outputs": {} if text is None else {"deployed": text},
    }
    lost = {
        "urn": f"urn:pulumi:{project.stack}::mobile-ai::{DEPLOYMENT}::lost",
        "custom": False,
        "type": DEPLOYMENT,
    }
    resources = [stack, lost] if text is None else [stack]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}
