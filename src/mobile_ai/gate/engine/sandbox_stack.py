"""Sandbox stack: a copy of the stack file and a separate state, outside of Git."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mobile_ai.gate.engine.process import capture
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.sandbox.engine import Engine
from mobile_ai.stack.editor import sandbox_copy

__all__ = ["PASSPHRASE", "prepare_sandbox_stack"]

PASSPHRASE = "sandbox"  # noqa: S105  protects nothing: the sandbox holds no secret


def prepare_sandbox_stack(project: Project, engine: Engine, environment: Mapping[str, str]) -> None:
    """Copy the stack file and initialise the stack's state, if it does not exist.

    `pulumi stack init` writes to the stack file next to the `Pulumi.yaml` that it finds, so it runs
    in a folder with copies of both.

    Raises:
        GateError: The state cannot be created.
    """
    project.state.mkdir(parents=True, exist_ok=True)
    project.stacks.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project.root / "Pulumi.yaml", project.stacks / "Pulumi.yaml")
    earlier = project.stack_copy.read_text() if project.stack_copy.is_file() else ""
    if not _has_state(project):
        earlier = ""
    text = sandbox_copy(project.stack_file.read_text(), earlier=earlier)
    _write(project.stack_copy, text)
    if not earlier:
        _initialise(project, engine, environment)


def _has_state(project: Project) -> bool:
    states = project.state / ".pulumi" / "stacks"
    return any(states.glob(f"*/{project.stack}.json"))


def _initialise(project: Project, engine: Engine, environment: Mapping[str, str]) -> None:
    # Without a stack file first: the engine would validate an existing one before adding its salt.
    text = project.stack_copy.read_text()
    project.stack_copy.unlink()
    result = capture(
        [engine.pulumi, "stack", "init", project.stack, "--no-select"],
        folder=project.stacks,
        environment=environment,
    )
    if result.returncode and not _has_state(project):
        raise GateError(
            f"state of stack {project.stack}: got {result.stderr.strip()!r}; expected "
            f"`pulumi stack init` to succeed. Next: remove {project.state} and try again."
        )
    made = project.stack_copy.read_text() if project.stack_copy.is_file() else ""
    _write(project.stack_copy, sandbox_copy(text, earlier=made))


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
