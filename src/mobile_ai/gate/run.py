"""Runs the gate: engine, expectation, preview, cost and report."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.changes.source import differs_from, read_source
from mobile_ai.gate.changes.stack_values import own_stack_file
from mobile_ai.gate.engine.config_size import require_startable, size_warnings
from mobile_ai.gate.engine.engine_environment import (
    CloudName,
    engine_result,
    find_engine,
    have_kubernetes_provider,
    variables_of,
)
from mobile_ai.gate.engine.pack import pack_digest
from mobile_ai.gate.engine.preview import Preview, preview
from mobile_ai.gate.engine.progress import Tell, describe
from mobile_ai.gate.engine.sandbox_stack import prepare_sandbox_stack
from mobile_ai.gate.engine.timing import Clock
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.report.actuals import read_actuals
from mobile_ai.gate.report.assemble import EngineRun, assemble_report
from mobile_ai.gate.report.plan_summary import Question, valued
from mobile_ai.gate.report.providers import RECORD_VARIABLE, providers, read_checks
from mobile_ai.gate.report.report import Report
from mobile_ai.gate.state.base_plan import plan_at
from mobile_ai.gate.state.base_state import state_of_commit
from mobile_ai.gate.state.baseline import from_git, read_state
from mobile_ai.gate.verdict.expected_rules import expectation
from mobile_ai.sandbox.engine import Engine
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE

__all__ = ["GateOptions", "prepare_stack", "run_gate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """Options of a gate run.

    Attributes:
        stack: The stack to preview.
        cloud: `sandbox` previews on stand-in providers and needs no account; `aws` on the official
            ones, with the backend and the credentials of the caller.
        base: A commit to compare with; empty for the deployed state.
        timed: Measure CPU time by part.
        actuals: A FOCUS file with this month's charges, for a forecast.
        folder: The checkout, or a folder in it.
        ambient: The caller's environment.
    """

    stack: str
    cloud: CloudName = "sandbox"
    base: str = ""
    actuals: Path | None = None
    timed: bool = False
    folder: Path = field(default_factory=Path.cwd)
    ambient: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def run_gate(options: GateOptions, tell: Tell = lambda _: None) -> Report:
    """Preview a stack with the policy pack and report on it.

    Args:
        options: Options of the run.
        tell: Receives progress messages.

    Raises:
        GateError: The engine could not be run.
        StackFileError: The stack file cannot be read.
    """
    clock = Clock()
    project = find_project(options.folder.resolve(), options.stack)
    stack_file = own_stack_file(project)  # refuses an invalid file before any other reader
    with clock.phase("find engine"):
        engine = find_engine(options.cloud, options.ambient)
    with clock.phase("prepare stack"):
        if options.cloud == "aws":
            require_startable(project)
        expected = expectation(project)
        variables = variables_of(project, engine, options.cloud, options.ambient)
        config_file = prepare_stack(project, engine, options.cloud, variables)
        state = read_state(project, engine, variables)
        baseline = from_git(project, options.base) if options.base else state
        # Rules see the deployed state; in a sandbox without state, that of the base commit.
        asked = options.base and state is None and options.cloud == "sandbox"
        told = state_of_commit(project, engine, variables, options.base) if asked else variables
        source = read_source(project)
        billed = None if options.actuals is None else read_actuals(options.actuals)
    deployed = state.resources if state else ()
    project.input_checks.unlink(missing_ok=True)
    shown = preview(
        project,
        engine,
        environment={**told, RECORD_VARIABLE: str(project.input_checks)},
        config_file=config_file,
        timed=options.timed,
        on_progress=lambda seen: tell(describe(seen)),
    )
    clock.add(shown.marks.phases(shown.seconds))
    with clock.phase("cost"):
        prior, against, untold = _compared(project, engine, options, deployed, tell)
        plan = valued(
            project,
            Question(
                prior=prior,
                against=against,
                deployed=deployed,
                billed=billed,
                now=datetime.now(UTC),
            ),
        )
    run = EngineRun(
        stack=project.stack,
        source=source,
        stack_file=stack_file,
        engine=engine_result(engine, options.cloud),
        expected=expected,
        observation=shown.observation,
        exit_code=shown.exit_code,
        stderr=shown.stderr,
        baseline=baseline,
        doubts=_moved(project, expected.sha256),
        warnings=(*_warnings(project, options), *untold),
        valued=plan,
        providers=providers(
            shown.observation.types.values(),
            read_checks(project.input_checks),
            official=_official(options),
        ),
    )
    return assemble_report(run, clock.read(rate=_rate(shown), cpu=shown.cpu))


def _official(options: GateOptions) -> tuple[str, ...]:
    """Return the official providers; a running sandbox uses that of Kubernetes."""
    if options.cloud == "aws":
        return ("aws", "kubernetes")
    return ("kubernetes",) if options.ambient.get(ENDPOINTS_VARIABLE) else ()


def _compared(
    project: Project,
    engine: Engine,
    options: GateOptions,
    deployed: tuple[Resource, ...],
    tell: Tell,
) -> tuple[tuple[Resource, ...], str, tuple[str, ...]]:
    """Return the resources to compare costs with, their display name, and warnings.

    The deployed state takes precedence over the plan of a base commit.
    """
    if deployed or not options.base or options.cloud == "aws":
        return deployed, "deployed state" if deployed else "", ()
    tell(f"Previewing {options.base} ...")
    try:
        return plan_at(project, engine, options.base, ambient=options.ambient), options.base, ()
    except GateError as error:
        return (), "", (f"no cost to compare with: {error}",)


def prepare_stack(
    project: Project, engine: Engine, cloud: CloudName, variables: Mapping[str, str]
) -> Path:
    """Prepare a sandbox stack, and return the stack file for the engine.

    Raises:
        GateError: The sandbox's state cannot be created, or a running sandbox's Kubernetes provider
            cannot be built.
    """
    if cloud == "aws":
        return project.stack_file
    # Official providers do not require the SDK's types, which take seconds to read.
    from mobile_ai.sandbox.providers import install  # noqa: PLC0415

    install(project.home)
    if variables.get(ENDPOINTS_VARIABLE):
        have_kubernetes_provider(variables)
    prepare_sandbox_stack(project, engine, variables)
    return project.stack_copy


def _moved(project: Project, sha256: str) -> tuple[str, ...]:
    """Return a doubt if the pack changed during the run."""
    if pack_digest(project.pack) == sha256:
        return ()
    return (f"{project.pack.name} changed while it ran: its verdicts are of no known pack.",)


def _warnings(project: Project, options: GateOptions) -> tuple[str, ...]:
    near = size_warnings(project)
    if not options.base or not differs_from(project, options.base):
        return near
    changed = (
        f"policy-pack or gate differs from {options.base}: this verdict is by the changed one."
    )
    return (*near, changed)


def _rate(shown: Preview) -> float:
    return shown.marks.rate(len(shown.observation.steps))
