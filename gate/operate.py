"""Deploy what the gate passed, and take it away again.

    report, deployed = bring_up(Options(stack="dev"), tell)
    take_down(Options(stack="dev"), tell)

Only in a sandbox. A real cloud's `up` belongs to a pipeline that checks a signed statement of the
gate first, so it is refused here.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gate.asking import find_engine, variables_of
from gate.errors import GateError
from gate.process import run_lines
from gate.progress import Tell
from gate.project import Project, find_project
from gate.recovery import has_pending_operations, mend_state
from gate.report import Report
from gate.run import Options, run_gate
from gate.sandbox_stack import prepare_sandbox_stack
from gate.seal import require_same, take_seal
from sandbox.engine import Engine
from sandbox.services.endpoints import VARIABLE, Endpoints

__all__ = ["Deployed", "bring_up", "refresh", "take_down"]

_OUTPUT_SECONDS = 120.0
_TAIL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What an operation left.

    Attributes:
        changes: Count of operations, such as ``{"create": 3, "same": 200}``.
        outputs: The stack's outputs.
        reachable: Where the sandbox answers for what AWS would serve, by name.
        notes: What had to be mended first.
    """

    changes: Mapping[str, int]
    outputs: Mapping[str, Any]
    reachable: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Desk:
    """An engine ready to work on a stack."""

    project: Project
    engine: Engine
    variables: Mapping[str, str]


def bring_up(options: Options, tell: Tell) -> tuple[Report, Deployed | None]:
    """Run the gate, and deploy what it passed.

    Args:
        options: What is asked.
        tell: Told how far it is.

    Returns:
        The gate's report, and what was deployed; None when the gate did not pass.

    Raises:
        GateError: It cannot run, what was judged changed meanwhile, or the engine failed.
    """
    options = _in_sandbox(options)
    desk = _desk(options)
    notes = _mended(desk, tell)
    judged = take_seal(desk.project, at=datetime.now(UTC))
    report = run_gate(options, tell)
    if report.exit_code != 0:
        return report, None
    require_same(judged, take_seal(desk.project, at=datetime.now(UTC)))
    _run(desk, "up", ["--skip-preview", *_pack(desk.project)], tell)
    return report, replace(_deployed(desk, "up"), notes=tuple(notes))


def refresh(options: Options, tell: Tell) -> Deployed:
    """Take what is in the clouds into the state; what differs shows in the next preview.

    Raises:
        GateError: It cannot run, or the engine failed.
    """
    desk = _desk(_in_sandbox(options))
    notes = _mended(desk, tell)
    _run(desk, "refresh", ["--skip-preview"], tell)
    return replace(_deployed(desk, "refresh"), notes=tuple(notes))


def take_down(options: Options, tell: Tell) -> Deployed:
    """Delete everything the stack deployed.

    Raises:
        GateError: It cannot run, or the engine failed.
    """
    desk = _desk(_in_sandbox(options))
    notes = _mended(desk, tell)
    _run(desk, "destroy", ["--skip-preview"], tell)
    return replace(_deployed(desk, "destroy"), notes=tuple(notes))


def _in_sandbox(options: Options) -> Options:
    """The options with the sandbox that they work in.

    Raises:
        GateError: Another cloud is asked for, or no sandbox runs.
    """
    if options.cloud != "sandbox":
        raise GateError(
            f"cloud {options.cloud}: got an `up` from a workplace; expected one by the pipeline, "
            "which checks a signed verdict of the gate first. Next: merge, or use the sandbox."
        )
    root = find_project(options.folder.resolve(), options.stack).root
    path = options.ambient.get(VARIABLE) or str(root / "build/sandbox/default/endpoints.json")
    if not Path(path).is_file():
        raise GateError(
            f"{path}: got no such file; expected the endpoints of a running sandbox. Next: "
            "`mobile-ai sandbox up`, then run the same command again."
        )
    return replace(options, ambient={**options.ambient, VARIABLE: path, "MOBILE_AI_SANDBOX": "1"})


def _desk(options: Options) -> _Desk:
    from sandbox.providers import install  # noqa: PLC0415  reads the SDK's types

    project = find_project(options.folder.resolve(), options.stack)
    engine = find_engine(options.cloud, options.ambient)
    variables = variables_of(project, engine, options.cloud, options.ambient)
    install(project.home)
    return _Desk(project, engine, variables)


def _mended(desk: _Desk, tell: Tell) -> list[str]:
    """Go on where a killed run stopped."""
    notes = mend_state(desk.project)
    prepare_sandbox_stack(desk.project, desk.engine, desk.variables)
    if has_pending_operations(desk.project):
        tell("Settling operations that an earlier run left")
        _run(desk, "refresh", ["--skip-preview", "--clear-pending-creates"], tell)
        notes.append("settled operations that an earlier run left")
    for note in notes:
        tell(note)
    return notes


def _pack(project: Project) -> list[str]:
    """The arguments that make the engine judge once more, on what becomes known."""
    told = project.log.with_name(f"{project.stack}.pack-config.json")
    given = [f"--policy-pack-config={told}"] if told.is_file() else []
    return [f"--policy-pack={project.pack}", *given]


def _run(desk: _Desk, verb: str, more: Sequence[str], tell: Tell) -> None:
    """Run the engine; keep its lines in a log and show them as they come.

    Raises:
        GateError: It failed; the message is what it said.
    """
    project = desk.project
    log = project.log.with_name(f"{project.stack}.{verb}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    with log.open("w") as file:

        def take(line: str, _: float) -> None:
            file.write(line)
            lines.append(line.rstrip())
            tell(line.strip())

        ended = run_lines(
            [
                desk.engine.pulumi,
                verb,
                "--yes",
                "--non-interactive",
                "--color=never",
                "--suppress-progress",
                f"--stack={project.stack}",
                f"--config-file={project.stack_copy}",
                *more,
            ],
            folder=project.root,
            environment=desk.variables,
            on_line=take,
        )
    if ended.exit_code:
        raise GateError(
            f"{verb} of stack {project.stack}: got exit code {ended.exit_code}; expected 0.\n"
            f"{_diagnostics(lines)}\n{ended.errors.strip()}\nWhat was done is in the state, the "
            f"engine's words are in {log}. Next: mend what it names and run the same command again."
        )


def _diagnostics(lines: Sequence[str]) -> str:
    start = next((at for at, line in enumerate(lines) if line.startswith("Diagnostics")), 0)
    return "\n".join(lines[start:][-_TAIL:])


def _deployed(desk: _Desk, verb: str) -> Deployed:
    outputs = {} if verb == "destroy" else _ask(desk, "stack", "output")
    last = (_ask(desk, "stack", "history", "--page-size=1") or [{}])[0]
    return Deployed(
        changes=last.get("resourceChanges") or {},
        outputs=outputs,
        reachable=_reachable(desk) if outputs else {},
    )


def _reachable(desk: _Desk) -> dict[str, str]:
    """URLs of this machine: the names that AWS would make lead nowhere here."""
    endpoints = Endpoints.read(Path(desk.variables[VARIABLE]))
    deployment = _ask(desk, "stack", "export")["deployment"]
    distributions = [
        item["id"]
        for item in deployment.get("resources") or ()
        if item["type"] == "aws:cloudfront/distribution:Distribution"
    ]
    found = {"aws": endpoints.aws, "registry": endpoints.mlflow}
    if endpoints.cdn and distributions:
        found["releases"] = f"{endpoints.cdn}/{distributions[0]}/"
    return {name: url for name, url in found.items() if url}


def _ask(desk: _Desk, *words: str) -> Any:
    told = [] if words[-1] == "export" else ["--json"]
    command = [str(desk.engine.pulumi), *words, f"--stack={desk.project.stack}", *told]
    done = subprocess.run(
        [*command, "--non-interactive"],
        cwd=desk.project.root,
        env=dict(desk.variables),
        capture_output=True,
        text=True,
        timeout=_OUTPUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise GateError(
            f"{' '.join(words)} of stack {desk.project.stack}: got {done.stderr.strip()!r}; "
            "expected an answer. Next: run the same command again."
        )
    return json.loads(done.stdout or "{}")
