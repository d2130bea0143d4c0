"""Deploys a stack that the gate passed, refreshes it, and destroys it.

    report, deployed = bring_up(GateOptions(stack="dev"), tell)
    take_down(GateOptions(stack="dev"), tell)

In a sandbox, leftovers of an earlier run are repaired first. On AWS nothing is repaired
automatically: the files must be committed, the secrets encrypted by KMS, and earlier operations
settled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mobile_ai.gate.deploy.aws_preflight import (
    protected,
    require_clean,
    require_key_service,
    require_settled,
    require_unprotected,
)
from mobile_ai.gate.deploy.concurrency import account_concurrency, require_concurrency
from mobile_ai.gate.deploy.issue_statement import trust_of
from mobile_ai.gate.deploy.local import endpoints_of, in_sandbox, reachable
from mobile_ai.gate.deploy.seal import Seal, require_same
from mobile_ai.gate.deploy.session import Desk, ask, open_desk, run, seal_now
from mobile_ai.gate.deploy.site_bundles import WrittenBundle, write_bundles
from mobile_ai.gate.deploy.statement import read_statement
from mobile_ai.gate.engine.progress import Tell
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import find_project
from mobile_ai.gate.report.report import Report
from mobile_ai.gate.run import GateOptions, run_gate
from mobile_ai.gate.state.baseline import exported_rows
from mobile_ai.gate.state.drift import Drift, changed_outside
from mobile_ai.gate.state.recovery import has_pending_operations, mend_state
from mobile_ai.gate.state.rendered import not_refreshed


@dataclass(frozen=True, slots=True, kw_only=True)
class OperateResult:
    """Result of an operation.

    Attributes:
        changes: Count of operations, such as ``{"create": 3, "same": 200}``.
        outputs: The stack's outputs.
        sandbox: Name of the sandbox; empty on AWS.
        reachable: Local URLs of services that AWS would serve, by name.
        notes: Repairs made before the operation.
        left: After `down` in a sandbox, remaining resources by listing call.
        bundles: Bundles of `pull` sites that were written.
    """

    changes: Mapping[str, int]
    outputs: Mapping[str, Any]
    sandbox: str = ""
    reachable: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bundles: tuple[WrittenBundle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Result of a refresh.

    Attributes:
        resources: Number of resources in the state.
        found: Drift from Git.
        notes: Repairs made before the refresh.
    """

    resources: int
    found: tuple[Drift, ...]
    notes: tuple[str, ...] = ()


def bring_up(
    options: GateOptions, tell: Tell, *, statement: Path | None = None
) -> tuple[Report | None, OperateResult | None]:
    """Run the gate, or verify its signed statement, and deploy what it passed.

    Args:
        options: Options of the run.
        tell: Receives progress messages.
        statement: A signed statement of a gate that passed (see `gate.deploy.statement`).

    Returns:
        The gate's report, or None with a statement; and the deployment, or None if the gate did not
        pass.

    Raises:
        GateError: The gate cannot run, files or state changed since the verdict, or the engine
            failed.
    """
    desk, notes = _ready(options, tell)
    notes += _enough_concurrency(desk, tell)
    report: Report | None = None
    if statement is not None:
        judged = _vouched(desk, statement)
    else:
        judged = seal_now(desk)
        report = run_gate(desk.options, tell)
        if report.verdict != "pass":
            return report, None
    before = desk.export()
    require_same(judged, seal_now(desk, before))
    # The pack runs once more during the update, on values that become known.
    run(desk, "up", ["--skip-preview", f"--policy-pack={desk.project.pack}"], tell)
    bundles = tuple(write_bundles(desk, before))
    return report, replace(_deployed(desk, "up"), notes=notes, bundles=bundles)


def _enough_concurrency(desk: Desk, tell: Tell) -> tuple[str, ...]:
    """Check the Lambda quota, which AWS would enforce only during `up`; return notes."""
    if not desk.official:
        return ()
    config = desk.project.read().config
    note = require_concurrency(config, desk.export(), desk.options.ambient, account_concurrency)
    if note:
        tell(note)
    return (note,) if note else ()


def refresh(options: GateOptions, tell: Tell) -> Refreshed:
    """Refresh the state from the cloud and return the drift; the next `up` reverts it.

    Raises:
        GateError: The gate cannot run, or the engine failed.
    """
    desk, notes = _ready(options, tell)
    before = desk.export()
    run(desk, "refresh", ["--skip-preview", *not_refreshed(before)], tell)
    found = changed_outside(before, desk.export())
    return Refreshed(resources=len(exported_rows(before)), found=found, notes=notes)


def take_down(options: GateOptions, tell: Tell) -> OperateResult:
    """Delete everything that the stack deployed.

    In a sandbox, protection is removed as it would be in an account: by an `up` without it.

    Raises:
        GateError: It cannot run, a resource on AWS is protected, or the engine failed.
    """
    desk, notes = _ready(options, tell)
    notes += _unprotected(desk, tell)
    before = desk.export()
    run(desk, "destroy", ["--skip-preview"], tell)
    bundles = tuple(write_bundles(desk, before))
    return replace(_deployed(desk, "destroy"), notes=notes, left=_left(desk), bundles=bundles)


def _unprotected(desk: Desk, tell: Tell) -> tuple[str, ...]:
    export = desk.export()
    if desk.official:
        require_unprotected(desk.project, export)
    held = protected(export)
    if not held:
        return ()
    tell(f"Lifting the protection of {len(held)} resources")
    run(desk, "up", ["--skip-preview", "--config=mobile-ai:protect=false"], tell)
    return (f"lifted the protection of {len(held)} resources, which `--cloud aws` would refuse",)


def _ready(options: GateOptions, tell: Tell) -> tuple[Desk, tuple[str, ...]]:
    """Return a session on which the engine may change the stack, and the repairs made."""
    if options.cloud == "sandbox":
        return _ready_sandbox(in_sandbox(options), tell)
    project = find_project(options.folder.resolve(), options.stack)
    require_clean(project)
    desk = open_desk(options)
    export = desk.export()
    require_key_service(project, export)
    require_settled(project, export)
    return desk, ()


def _ready_sandbox(options: GateOptions, tell: Tell) -> tuple[Desk, tuple[str, ...]]:
    notes = mend_state(find_project(options.folder.resolve(), options.stack))
    desk = open_desk(options)
    if has_pending_operations(desk.project):
        tell("Settling operations that an earlier run left")
        left_out = not_refreshed(desk.export())
        run(desk, "refresh", ["--skip-preview", "--clear-pending-creates", *left_out], tell)
        notes.append("settled operations that an earlier run left")
    for note in notes:
        tell(note)
    return desk, tuple(notes)


def _vouched(desk: Desk, statement: Path) -> Seal:
    """Return the seal of a signed statement.

    Raises:
        GateError: It cannot be read, or is not signed by the required role.
    """
    try:
        text = statement.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GateError(
            f"{statement}: got {error}; expected the statement that `mobile-ai gate --statement` "
            "wrote. Next: name that file with --statement."
        ) from error
    return read_statement(text, trust_of(desk.project), name=str(statement))


def _deployed(desk: Desk, verb: str) -> OperateResult:
    outputs = {} if verb == "destroy" else ask(desk, "stack", "output")
    last = (ask(desk, "stack", "history", "--page-size=1") or [{}])[0]
    return OperateResult(
        changes=last.get("resourceChanges") or {},
        outputs=outputs,
        sandbox="" if desk.official else endpoints_of(desk).name,
        reachable=reachable(desk) if outputs and not desk.official else {},
    )


def _left(desk: Desk) -> Mapping[str, Sequence[str]]:
    if desk.official:
        return {}
    from mobile_ai.gate.state.leftovers import left_in_sandbox  # noqa: PLC0415  reads the providers' tables

    config = desk.project.read().config
    return left_in_sandbox(endpoints_of(desk), config, stack=desk.project.stack)
