"""Runs an audit from options to report: the I/O around the pure parts."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile_ai.contracts.documents import read_json
from mobile_ai.contracts.errors import DocumentError, GovernanceError
from mobile_ai.contracts.exported import ExportedState, read_export
from mobile_ai.gate.changes.source import read_source
from mobile_ai.gate.engine.engine_environment import (
    CloudName,
    engine_result,
    find_engine,
    variables_of,
)
from mobile_ai.gate.engine.observation import EngineObservation
from mobile_ai.gate.engine.pack import PolicyPack, read_pack
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.engine.timing import Clock
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project, find_project
from mobile_ai.gate.report.assemble import EngineRun, assemble_report
from mobile_ai.gate.report.report import Report
from mobile_ai.gate.state.baseline import (
    DeployedModels,
    changes,
    export_state,
    from_export,
    from_git,
    pins_of,
)
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.operations.audit.analyze import analyze
from mobile_ai.operations.audit.blame import pinned_by
from mobile_ai.operations.audit.checks import STATE_CHECKS
from mobile_ai.operations.audit.contract import Check, DeployedStack
from mobile_ai.operations.audit.merge import look, merge
from mobile_ai.operations.audit.policy_events import disagreement, events_of
from mobile_ai.operations.audit.settled import settled

_MAX_STATE_BYTES = 200_000_000  # 10,000 resources have about a tenth of it


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """Options of an audit.

    Attributes:
        stack: The stack to audit.
        cloud: Source of the state: the sandbox, or the caller's own backend.
        file: An exported state; by default that of the stack's backend.
        commit: The commit whose stack file declares the desired deployment.
        folder: The checkout, or a folder in it.
        ambient: The caller's environment.
    """

    stack: str
    cloud: CloudName = "sandbox"
    file: Path | None = None
    commit: str = "HEAD"
    folder: Path = field(default_factory=Path.cwd)
    ambient: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deployed:
    """The deployed state: as exported, decoded, its models, and those that a commit declares."""

    export: Mapping[str, Any]
    state: ExportedState
    before: DeployedModels
    declared: DeployedModels


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Result of the rules, and the session that holds the stack's facts."""

    session: JudgeSession
    expected: PolicyPack
    seen: EngineObservation


def run_audit(
    options: AuditOptions,
    tell: Tell = lambda _: None,
    *,
    checks: Sequence[Check] = STATE_CHECKS,
) -> Report:
    """Judge the deployed state with the policy pack and the checks.

    Args:
        options: Options of the audit.
        tell: Called with progress, in sentences.
        checks: Checks in addition to the rules.

    Raises:
        GateError: The state cannot be judged, or the engine cannot be run.
    """
    clock = Clock()
    now = datetime.now(UTC)
    project = find_project(options.folder.resolve(), options.stack)
    stack_file = project.read()
    with clock.phase("find engine"):
        engine = find_engine(options.cloud, options.ambient)
        variables = variables_of(project, engine, options.cloud, options.ambient)
    with clock.phase("read state"):
        tell("Reading the deployed state")
        file = options.file
        export = _load(file) if file else export_state(project, engine, variables)
        deployed = _deployed(export, project, options)
    with clock.phase("judge"):
        tell(f"Judging {len(deployed.state.inputs)} deployed resources")
        judged = _judge(project, deployed.state, now)
    with clock.phase("ask the engine"):
        tell("Analyzing the same state with the engine")
        analyzed = analyze(project, engine, variables, export=deployed.export)
    with clock.phase("checks"):
        tell("Running the checks")
        results = look(checks, _subject(project, options, deployed, judged, now))
    run = EngineRun(
        stack=project.stack,
        source=read_source(project),
        stack_file=stack_file,
        engine=engine_result(engine, options.cloud),
        expected=judged.expected,
        observation=judged.seen,
        exit_code=0,
        stderr=analyzed.errors,
        baseline=deployed.before,
        changes=changes(deployed.before, pins_of(deployed.state.inputs)),
        doubts=disagreement(judged.seen, analyzed.seen),
    )
    return merge(assemble_report(run, clock.read(rate=0.0)), results, stack_file)


def _judge(project: Project, state: ExportedState, now: datetime) -> _Judged:
    """Judge a state with the rules of the pack."""
    session = JudgeSession(
        lambda stack: load_setting(project.pack, stack, rules=catalogue(), now=now), now=now
    )
    expected = read_pack(project.pack, project.stack, now=now)
    seen = EngineObservation()
    for event in events_of(state, session, expected):
        seen.add(event)
    return _Judged(session=session, expected=expected, seen=seen)


def _load(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return read_json(text, name=str(path), max_bytes=_MAX_STATE_BYTES)
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        got = getattr(error, "strerror", None) or "no JSON"
        raise GateError(
            f"{path}: got {got}; expected a state as `pulumi stack export` writes it. Next: "
            "export it again with `pulumi stack export`."
        ) from error


def _deployed(export: Any, project: Project, options: AuditOptions) -> _Deployed:
    name = str(options.file or f"state of stack {options.stack}")
    try:
        state = read_export(export, name=name)
        export = settled(export)
        state = read_export(export, name=name)
    except GovernanceError as error:
        raise GateError(str(error)) from error
    before = from_export(export)
    if before is None or not state.inputs:
        raise GateError(
            f"{name}: got no resources; expected a deployed stack. Next: deploy it first; what is "
            "not deployed yet is judged by `mobile-ai gate`."
        )
    if state.stacks != {options.stack}:
        raise GateError(
            f"{name}: got resources of {', '.join(sorted(state.stacks))}; expected stack "
            f"{options.stack}. Next: name the stack of the state with --stack."
        )
    declared = from_git(project, options.commit)
    return _Deployed(export=export, state=state, before=before, declared=declared)


def _subject(
    project: Project, options: AuditOptions, deployed: _Deployed, judged: _Judged, now: datetime
) -> DeployedStack:
    """Return what the checks compare: the deployed state, and what a commit declares."""
    try:
        facts = judged.session.facts(project.stack)
    except GovernanceError as error:
        raise GateError(str(error)) from error
    return DeployedStack(
        stack=project.stack,
        resources=deployed.state.inputs,
        outputs={item.urn: item.props for item in deployed.state.outputs},
        pins=deployed.before.pins,
        declared=deployed.declared.pins,
        facts=facts,
        pinned_by=pinned_by(project, options.commit),
        now=now,
    )
