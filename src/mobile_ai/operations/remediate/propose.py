"""Commits a step to a separate branch, in a Git worktree: the checkout is not touched."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.printable import markdown, printable
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.remediate.edit import Edit, deployment_of
from mobile_ai.operations.remediate.steps import STEPS
from mobile_ai.stack.errors import UnknownDeploymentError
from mobile_ai.stack.git import git

_AUTHOR: Final = ("mobile-ai remediation", "remediation@mobile-ai.invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A committed step.

    Attributes:
        branch: The branch.
        commit: The commit on it.
        step: The step.
        change: The change, in words.
        title: Subject line of the commit.
        body: Body of the commit message, with the evidence.
        labels: Labels of its pull request.
        is_pushed: True if origin has the branch.
    """

    branch: str
    commit: str
    step: str
    change: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    is_pushed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            name: getattr(self, name) for name in ("branch", "commit", "step", "change", "title")
        }


def branch_of(stack: str, finding: MonitorFinding) -> str:
    """Return the name of a finding's branch."""
    return f"remediate/{stack}/{finding.rule}-{finding.id}"


def possible(root: Path, stack: str, finding: MonitorFinding, step: str) -> bool:
    """Return whether a step would change anything.

    Raises:
        GovernanceError: A file that it reads is missing.
    """
    try:
        STEPS[step](root, stack, finding)
    except (ReleaseError, UnknownDeploymentError):
        return False
    return True


def proposed(root: Path, stack: str, finding: MonitorFinding, *, base: str) -> Proposal | None:
    """Return the existing proposal about a finding whose branch is not merged, or ``None``.

    Commits that people have added to the branch are ignored.

    Args:
        root: The checkout.
        stack: The stack.
        finding: The finding.
        base: The branch to merge into.
    """
    branch = branch_of(stack, finding)
    here, there = f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"
    refs = git(root, "for-each-ref", "--format=%(refname)", "--no-merged", base, here, there)
    if not refs:
        return None  # merged, or taken on another branch
    mine = f"--grep=^Remediation-Finding: {finding.id}$"
    text = git(root, "log", "-1", mine, "--format=%H%x00%s%x00%b", refs.split()[0])
    commit, title, body = text.split("\0")
    trailers = dict(line.split(": ", 1) for line in body.splitlines() if ": " in line)
    return Proposal(
        branch=branch,
        commit=commit,
        step=trailers["Remediation-Step"],
        change="",
        title=title,
        body=body.strip(),
        labels=tuple(trailers.get("Remediation-Labels", "").split()),
        is_pushed=there in refs.split(),
    )


def propose(
    root: Path,
    stack: str,
    finding: MonitorFinding,
    step: str,
    *,
    now: datetime,
    base: str = "HEAD",
    approved_by: str = "",
) -> Proposal:
    """Commit a step on a new branch.

    Args:
        root: The checkout.
        stack: The stack.
        finding: The finding.
        step: The step.
        now: Time of the commit.
        base: Start of the branch.
        approved_by: Name of the approver, if any.

    Raises:
        GovernanceError: Git refused, or the branch exists already.
        ReleaseError: The step changes nothing.
    """
    branch = branch_of(stack, finding)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git(root, "worktree", "add", "--quiet", "-b", branch, str(tree), base)
        try:
            edit = STEPS[step](tree, stack, finding)
            title, body = _message(stack, finding, step, edit, approved_by)
            commit = _commit(tree, edit, f"{title}\n\n{body}", now)
        except BaseException:
            # An interrupted run must not leave an empty branch: the next run could not create it.
            git(root, "worktree", "remove", "--force", str(tree))
            git(root, "branch", "--quiet", "-D", branch)
            raise
        git(root, "worktree", "remove", "--force", str(tree))
    return Proposal(
        branch=branch,
        commit=commit,
        step=step,
        change=edit.change,
        title=title,
        body=body,
        labels=edit.labels,
    )


def _commit(tree: Path, edit: Edit, message: str, now: datetime) -> str:
    who, mail = _AUTHOR
    identity = ("-c", f"user.name={who}", "-c", f"user.email={mail}", "-c", "commit.gpgsign=false")
    for name, text in edit.files.items():
        (tree / name).write_text(text, encoding="utf-8")
    git(tree, "add", "--", *edit.files)
    git(tree, *identity, "commit", "--quiet", f"--date={now.isoformat()}", "--message", message)
    return git(tree, "rev-parse", "HEAD").strip()


def _message(
    stack: str, finding: MonitorFinding, step: str, edit: Edit, approved_by: str
) -> tuple[str, str]:
    name = deployment_of(finding)
    did = f"{step.replace('-', ' ').capitalize()} {name}: {finding.rule.replace('-', ' ')}"
    title = edit.title or did
    windows = finding.windows
    lines = [_line(finding.summary, markdown), "", edit.change, ""]
    lines += [
        f"- {_line(key, markdown)}: {value:g}" for key, value in sorted(finding.evidence.items())
    ]
    since = _line(windows.first, markdown)
    lines += [
        f"- windows: {windows.breached} of {windows.width_hours} h since {since}",
        f"- measured by: {_line(finding.source, markdown)}",
        "",
    ]
    lines += [*edit.evidence, ""] if edit.evidence else []
    trailers = {
        "Finding": finding.id,
        "Stack": stack,
        "Deployment": name,
        "Step": step,
    }
    if edit.labels:
        trailers["Labels"] = " ".join(edit.labels)
    lines += [f"Remediation-{key}: {value}" for key, value in trailers.items()]
    if approved_by:
        lines.append(f"Approved-by: {_line(approved_by)}")
    return title, "\n".join(lines)


def _line(text: str, shown: Callable[[str], str] = printable) -> str:
    """Return a text as one line, so that it cannot contain trailers of its own."""
    return shown(" ".join(text.split()))
