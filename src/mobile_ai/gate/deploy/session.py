"""Engine session on a stack, in the sandbox or on the caller's own backend."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile_ai.contracts.printable import printable
from mobile_ai.gate.deploy.seal import Seal, state_digest, take_seal
from mobile_ai.gate.engine.engine_environment import find_engine, variables_of
from mobile_ai.gate.engine.process import capture, running
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.run import GateOptions, prepare_stack
from mobile_ai.gate.state.baseline import export_state
from mobile_ai.sandbox.engine import Engine

_TAIL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything required to start the engine on a stack.

    Attributes:
        options: Options of the run.
        project: The checkout and the stack.
        engine: The engine.
        variables: Its complete environment.
        config_file: Its stack file.
    """

    options: GateOptions
    project: Project
    engine: Engine
    variables: Mapping[str, str]
    config_file: Path

    @property
    def official(self) -> bool:
        """True if the official providers run."""
        return self.options.cloud == "aws"

    def export(self) -> dict[str, Any]:
        """Return the current state (see `gate.state.baseline.export_state`)."""
        return export_state(self.project, self.engine, self.variables)


def open_desk(options: GateOptions) -> Desk:
    """Find project and engine, and create the sandbox's stack if necessary.

    Raises:
        GateError: One of them is not available.
    """
    project = find_project(options.folder.resolve(), options.stack)
    engine = find_engine(options.cloud, options.ambient)
    variables = variables_of(project, engine, options.cloud, options.ambient)
    config_file = prepare_stack(project, engine, options.cloud, variables)
    return Desk(
        options=options,
        project=project,
        engine=engine,
        variables=variables,
        config_file=config_file,
    )


def seal_now(desk: Desk, export: Mapping[str, Any] | None = None) -> Seal:
    """Return the seal of the current files and state.

    Args:
        desk: The engine session.
        export: The state, if it was exported just before.
    """
    state = state_digest(desk.export() if export is None else export)
    return take_seal(desk.project, cloud=desk.options.cloud, state=state, at=datetime.now(UTC))


def run(desk: Desk, verb: str, more: Sequence[str], tell: Tell) -> None:
    """Run an engine command; write its output to a log and report it as progress.

    Raises:
        GateError: The command failed; the message contains its diagnostics.
    """
    project = desk.project
    log = project.log.with_name(f"{project.stack}.{verb}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    command: list[str | Path] = [
        desk.engine.pulumi,
        verb,
        "--yes",
        "--non-interactive",
        "--color=never",
        "--suppress-progress",
        f"--stack={project.stack}",
        f"--config-file={desk.config_file}",
        *more,
    ]
    with (
        log.open("w") as file,
        running(command, folder=project.root, environment=desk.variables) as run,
    ):
        for line, _ in run.lines():
            file.write(line)
            lines.append(line.rstrip())
            tell(printable(line.strip()))
        ended = run.wait()
    if ended.exit_code:
        raise GateError(
            f"{verb} of stack {project.stack}: got exit code {ended.exit_code}; expected 0.\n"
            f"{_diagnostics(lines)}\n{ended.errors.strip()}\nWhat was done is in the state, the "
            f"engine's output is in {log}. Next: fix what it names and run the same command again."
        )


def ask(desk: Desk, *words: str) -> Any:
    """Return the JSON output of an engine command.

    Raises:
        GateError: The command failed.
    """
    done = capture(
        [desk.engine.pulumi, *words, f"--stack={desk.project.stack}", "--json"],
        folder=desk.project.root,
        environment=desk.variables,
    )
    if done.returncode:
        raise GateError(
            f"{' '.join(words)} of stack {desk.project.stack}: got {done.stderr.strip()!r}; "
            "expected an answer. Next: run the same command again."
        )
    return json.loads(done.stdout or "{}")


def _diagnostics(lines: Sequence[str]) -> str:
    start = next((at for at, line in enumerate(lines) if line.startswith("Diagnostics")), 0)
    return "\n".join(lines[start:][-_TAIL:])
