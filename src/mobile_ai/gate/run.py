"""Runs the gate: engine, pack, preview, cost and report."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from mobile_ai.contracts.resource import Resource
from mobile_ai.gate.changes.settings_changes import setting_changes
from mobile_ai.gate.changes.source import differs_from, read_source, require_own_secrets
from mobile_ai.gate.engine.engine_environment import (
    CloudName,
    engine_result,
    find_engine,
    have_evaluator,
    have_kubernetes_provider,
    prepare_sandbox_stack,
    require_startable,
    size_warnings,
    variables_of,
)
from mobile_ai.gate.engine.pack import PolicyPack, pack_digest, read_pack
from mobile_ai.gate.engine.preview import Preview, preview
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.engine.timing import Clock, phases_of, rate_of
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.report.actuals import Billed, read_actuals
from mobile_ai.gate.report.assemble import EngineRun, assemble_report
from mobile_ai.gate.report.cost import cost_report, terms_of, told_of
from mobile_ai.gate.report.models import model_changes
from mobile_ai.gate.report.report import Advice, Report, SettingChange, Source
from mobile_ai.gate.state.base_plan import plan_at
from mobile_ai.gate.state.base_state import has_release, state_of_commit, state_of_record
from mobile_ai.gate.state.baseline import (
    DeployedModels,
    changes,
    commit_of,
    from_git,
    pins_of,
    read_state,
    stack_file_at,
)
from mobile_ai.gate.state.record_branch import newest_record
from mobile_ai.gate.verdict.proposed_roots import told_of_proposed
from mobile_ai.sandbox.engine import Engine
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE
from mobile_ai.stack.reader import StackFile


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """Options of a gate run.

    Attributes:
        stack: The stack to preview.
        cloud: `sandbox` previews on stand-in providers and needs no account; `aws` on the official
            ones, with the backend and the credentials of the caller.
        base: A commit to compare with; empty for the deployed state.
        record: Ref of the base repository with the deployed records, for a check without a state;
            empty: the base commit's pins stand for what is deployed.
        proposed_roots: Roots that the change proposes; the plan is judged by them as well.
        timed: Measure CPU time by part.
        actuals: A FOCUS file with this month's charges, for a forecast.
        folder: The checkout, or a folder in it.
        ambient: The caller's environment.
    """

    stack: str
    cloud: CloudName = "sandbox"
    base: str = ""
    record: str = ""
    actuals: Path | None = None
    proposed_roots: Path | None = None
    timed: bool = False
    folder: Path = field(default_factory=Path.cwd)
    ambient: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    """Content of the checkout, read once before the engine starts.

    Attributes:
        project: Its paths.
        stack_file: The stack file, for values and positions.
        expected: The pack that must run.
        source: The evaluated files.
        billed: This month's charges, if a file was given.
        now: Time of the evaluation.
    """

    project: Project
    stack_file: StackFile
    expected: PolicyPack
    source: Source
    billed: Billed | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stack:
    """A stack that the engine can preview.

    Attributes:
        engine: The engine.
        variables: Its complete environment.
        config_file: Its stack file.
        deployed: Resources of the deployed state.
        baseline: What changes are compared with.
        advice: What an advisory verdict was bound to; `None` where the state is judged.
    """

    engine: Engine
    variables: Mapping[str, str]
    config_file: Path
    deployed: tuple[Resource, ...]
    baseline: DeployedModels | None
    advice: Advice | None = None


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
    with clock.phase("read repository"):
        found = _read(options)
    with clock.phase("find engine"):
        engine = find_engine(options.cloud, options.ambient)
    with clock.phase("prepare stack"):
        stack = _prepare(options, found, engine)
    shown = _preview(options, found, stack, tell)
    seen = shown.observation
    clock.add(phases_of(seen.marks, ended=shown.seconds))
    with clock.phase("cost"):
        resources = shown.planned()
        prior, against, warnings = _compared(found.project, stack, options, tell)
        terms = replace(
            terms_of(found.expected.setting, resources, now=found.now),
            told=told_of(resources, found.project.stack),
            billed=found.billed,
        )
        cost = cost_report(resources, prior, against=against, terms=terms)
        models = model_changes(resources, stack.deployed)
    run = EngineRun(
        stack=found.project.stack,
        source=found.source,
        stack_file=found.stack_file,
        engine=engine_result(engine, options.cloud),
        expected=found.expected,
        observation=seen,
        exit_code=shown.exit_code,
        stderr=shown.stderr,
        baseline=stack.baseline,
        changes=changes(stack.baseline, pins_of(resources)),
        settings=_settings(options, found),
        doubts=_moved(found),
        warnings=(*_warnings(found, options), *_advice_notes(stack.advice), *warnings),
        cost=cost,
        models=models,
        providers=shown.providers(official=_official(options)),
        advice=stack.advice,
        proposed_roots=_proposed(options, found, resources),
    )
    rate = rate_of(seen.marks, resources=len(seen.steps))
    return assemble_report(run, clock.read(rate=rate, cpu=shown.cpu))


def _proposed(
    options: GateOptions, found: _Repository, resources: Sequence[Resource]
) -> tuple[str, ...]:
    """Return what would differ under proposed roots; nothing without them."""
    if options.proposed_roots is None:
        return ()
    return told_of_proposed(options.proposed_roots, found.project, resources, now=found.now)


def _read(options: GateOptions) -> _Repository:
    """Return the content of the checkout; an invalid stack file is refused here."""
    now = datetime.now(UTC)
    project = find_project(options.folder.resolve(), options.stack)
    stack_file = project.read()
    pack = read_pack(project.pack, project.stack, now=now)
    require_own_secrets(stack_file, project, pack.setting)
    if options.cloud == "aws":
        require_startable(stack_file)
    return _Repository(
        project=project,
        stack_file=stack_file,
        expected=pack,
        source=read_source(project),
        billed=None if options.actuals is None else read_actuals(options.actuals),
        now=now,
    )


def _prepare(options: GateOptions, found: _Repository, engine: Engine) -> _Stack:
    """Prepare the stack, and read what is deployed."""
    project = found.project
    variables: Mapping[str, str] = variables_of(project, engine, options.cloud, options.ambient)
    config_file = prepare_stack(project, engine, options.cloud, variables)
    state = read_state(project, engine, variables)
    advice = None
    # Rules see the deployed state; in a sandbox without state, the record's or the base commit's.
    if state is None and options.cloud == "sandbox" and (options.base or options.record):
        variables, advice = _told(options, found, engine, variables)
    return _Stack(
        engine=engine,
        variables=variables,
        config_file=config_file,
        deployed=state.resources if state else (),
        baseline=from_git(project, options.base) if options.base else state,
        advice=advice,
    )


def _told(
    options: GateOptions, found: _Repository, engine: Engine, variables: Mapping[str, str]
) -> tuple[Mapping[str, str], Advice]:
    """Return the engine's variables with what is deployed as Git tells it, and what that was."""
    project, setting = found.project, found.expected.setting
    base = options.base or "HEAD"
    commit = commit_of(project, base)
    if not options.record:
        return state_of_commit(project, engine, variables, base), Advice(base=commit)
    if setting is None:  # an unlisted stack, everything of which is denied
        return variables, Advice(base=commit)
    newest = newest_record(project.root, options.record, stack=project.stack, trust=setting.trust)
    advice = Advice(base=commit, record=newest.content.sequence if newest else 0)
    if newest is not None:
        return state_of_record(project, engine, variables, newest.baseline), advice
    if has_release(project, base):  # what was deployed is lost, not new
        return state_of_record(project, engine, variables, None), advice
    return variables, advice


def _preview(options: GateOptions, found: _Repository, stack: _Stack, tell: Tell) -> Preview:
    """Run the preview with the pack."""
    project = found.project
    return preview(
        project,
        stack.engine,
        environment=stack.variables,
        config_file=stack.config_file,
        timed=options.timed,
        source=found.stack_file,
        tell=tell,
    )


def _settings(options: GateOptions, found: _Repository) -> tuple[SettingChange, ...]:
    """Return what differs in the stack file from the base commit, if one was named."""
    if not options.base:
        return ()
    prior = stack_file_at(found.project, options.base)
    return setting_changes(prior.values, found.stack_file.values)


def _official(options: GateOptions) -> tuple[str, ...]:
    """Return the official providers; a running sandbox uses that of Kubernetes."""
    if options.cloud == "aws":
        return "aws", "kubernetes"
    return ("kubernetes",) if options.ambient.get(ENDPOINTS_VARIABLE) else ()


def _compared(
    project: Project, stack: _Stack, options: GateOptions, tell: Tell
) -> tuple[tuple[Resource, ...], str, tuple[str, ...]]:
    """Return the resources to compare costs with, their display name, and warnings.

    The deployed state takes precedence over the plan of a base commit.
    """
    base, deployed = options.base, stack.deployed
    if deployed or not base or options.cloud == "aws":
        return deployed, "deployed state" if deployed else "", ()
    tell(f"Previewing {base} ...")
    try:
        return plan_at(project, stack.engine, base, ambient=options.ambient), base, ()
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
    have_evaluator(project, variables)
    if cloud == "aws":
        return project.stack_file
    # Official providers do not require the SDK's types, which take seconds to read.
    from mobile_ai.sandbox.providers import install  # noqa: PLC0415

    install(project.home)
    if variables.get(ENDPOINTS_VARIABLE):
        have_kubernetes_provider(variables)
    prepare_sandbox_stack(project, engine, variables)
    return project.stack_copy


def _advice_notes(advice: Advice | None) -> tuple[str, ...]:
    return () if advice is None else (str(advice),)


def _moved(found: _Repository) -> tuple[str, ...]:
    """Return a doubt if the pack changed during the run."""
    pack = found.project.pack
    if pack_digest(pack) == found.expected.sha256:
        return ()
    return (f"{pack.name} changed while it ran: its verdicts are of no known pack.",)


def _warnings(found: _Repository, options: GateOptions) -> tuple[str, ...]:
    near = size_warnings(found.stack_file)
    if not options.base or not differs_from(found.project, options.base):
        return near
    changed = (
        f"policy-pack or gate differs from {options.base}: this verdict is by the changed one."
    )
    return (*near, changed)
