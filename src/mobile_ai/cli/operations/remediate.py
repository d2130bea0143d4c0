"""`mobile-ai remediate`: commit remediations of findings to branches, and open pull requests."""

import datetime as dt
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from mobile_ai.cli.errors import answering
from mobile_ai.cli.options import Json
from mobile_ai.contracts.printable import printable

if TYPE_CHECKING:
    from mobile_ai.operations.monitor.finding import MonitorFinding
    from mobile_ai.operations.remediate.propose import Proposal

_PLAYBOOKS: Final = Path("operations/playbooks.yaml")


def command(  # noqa: PLR0917  # typer passes options by name
    findings: Annotated[
        list[Path], typer.Argument(help="MonitorFinding files written by the monitor.")
    ],
    stack: Annotated[str, typer.Option(help="Stack whose file is changed.")],
    base: Annotated[str, typer.Option(help="Branch to start from and to merge into.")] = "main",
    approved_by: Annotated[str, typer.Option(help="Approver of steps that require approval.")] = "",
    dry_run: Annotated[  # noqa: FBT002
        bool, typer.Option("--dry-run", help="Show the decision; change nothing.")
    ] = False,
    push: Annotated[bool, typer.Option("--push", help="Push the branch to origin.")] = False,  # noqa: FBT002
    pull_request: Annotated[  # noqa: FBT002
        bool, typer.Option("--pull-request", help="Open a pull request for it (GitHub).")
    ] = False,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Commit the playbook step for each finding to a branch of its own.

    A step changes the stack file, requests a retraining, or proposes a limit of the policy pack.
    Nothing deployed is changed and nothing is merged: the branch passes the same gate as any other
    change. Idempotent; a repeated run publishes what an interrupted run did not. Exit 0, also if
    there is nothing to do.

    Example: mobile-ai remediate build/findings/*.json --stack prod --dry-run

    Example: mobile-ai remediate finding.json --stack prod --push --pull-request
    """
    from mobile_ai.gate.errors import GateError  # noqa: PLC0415
    from mobile_ai.operations.monitor.finding import read_finding  # noqa: PLC0415

    with answering(GateError):
        wanted = [read_finding(path) for path in findings]
        how = _How(
            stack=stack, base=base, approved_by=approved_by, push=push, pull_request=pull_request
        )
        done = [_one(item, how, dry_run=dry_run) for item in wanted]
    if as_json:
        print(json.dumps(done, indent=1))
        return
    for item in done:
        _show(item)


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    stack: str
    base: str
    approved_by: str
    push: bool
    pull_request: bool

    @property
    def publishes(self) -> bool:
        """True if branches are pushed."""
        return self.push or self.pull_request


def _one(finding: "MonitorFinding", how: _How, *, dry_run: bool) -> dict[str, Any]:
    from mobile_ai.delivery.repository.stack import read_deployments  # noqa: PLC0415
    from mobile_ai.operations.remediate.decide import decide_step  # noqa: PLC0415
    from mobile_ai.operations.remediate.edit import resolved  # noqa: PLC0415
    from mobile_ai.operations.remediate.history import read_history  # noqa: PLC0415
    from mobile_ai.operations.remediate.playbook import read_playbooks  # noqa: PLC0415
    from mobile_ai.operations.remediate.propose import (  # noqa: PLC0415
        possible,
        propose,
        proposed,
    )
    from mobile_ai.stack.reader import stack_file_name  # noqa: PLC0415

    now, root = dt.datetime.now(dt.UTC), Path.cwd()
    playbooks = read_playbooks(_PLAYBOOKS)
    running = read_deployments(root / stack_file_name(how.stack))
    finding = resolved(finding, running)
    decision = decide_step(
        finding,
        playbooks,
        read_history(root, how.stack, now=now, days=playbooks.limits.memory_days),
        now=now,
        running=running,
        approved=bool(how.approved_by),
        possible=partial(possible, root, how.stack, finding),
    )
    answer = {"finding": finding.id, "summary": finding.summary, **decision.to_dict()}
    if decision.outcome == "done" and not dry_run and how.publishes:
        before = proposed(root, how.stack, finding, base=how.base)
        return {**answer, **_published(before, how)} if before else answer
    if decision.outcome != "act" or dry_run:
        return answer
    proposal = propose(
        root, how.stack, finding, decision.step, now=now, base=how.base, approved_by=how.approved_by
    )
    return {**answer, **_published(proposal, how)}


def _published(proposal: "Proposal", how: _How) -> dict[str, Any]:
    from mobile_ai.operations.remediate.github import Hub  # noqa: PLC0415
    from mobile_ai.operations.remediate.verdict import judged  # noqa: PLC0415

    now, root = dt.datetime.now(dt.UTC), Path.cwd()
    verdict = judged(root, proposal.commit, how.stack, now=now)
    denied = sorted({item.rule for item in verdict.denied}) or list(verdict.problems)
    answer: dict[str, Any] = {**proposal.to_dict(), "denied": denied}
    if how.publishes:
        hub = Hub.of(os.environ)
        if not proposal.is_pushed:
            hub.push(root, proposal.commit, proposal.branch)
        if how.pull_request:
            note = f"Denied by the engine-free check: {', '.join(denied)}" if denied else ""
            answer["pullRequest"] = hub.open(proposal, base=how.base, note=note)
    return answer


def _show(item: dict[str, Any]) -> None:
    print(printable(f"{item['finding']}: {item['summary']}"))
    step = f" {item['step']}" if item["step"] else ""
    print(printable(f"  {item['outcome']}{step}: {item['reason']}"))
    if "branch" in item:
        if item["change"]:
            print(f"  {item['change']}")
        print(f"  branch {item['branch']}, commit {item['commit'][:12]}")
        print(f"  check: {', '.join(item['denied']) or 'nothing denied'}")
    if "pullRequest" in item:
        print(f"  {item['pullRequest']}")
