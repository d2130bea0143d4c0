"""A step as a commit on a branch of its own, made in a worktree: the checkout is not touched."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from governance.errors import GovernanceError

from delivery.errors import ReleaseError
from delivery.repository.stack import edit_deployment
from operations.monitor.finding import Finding
from operations.remediate.decide import deployment_of
from operations.remediate.history import git
from operations.remediate.steps import EDITS

__all__ = ["Proposal", "branch_of", "possible", "propose"]

_AUTHOR: Final = ("mobile-ai remediation", "remediation@mobile-ai.invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A step, committed.

    Attributes:
        branch: The branch.
        commit: The commit on it.
        step: What it does.
        change: What it changed, in words.
        title: First line of the commit.
        body: The rest of it, with the evidence.
    """

    branch: str
    commit: str
    step: str
    change: str
    title: str
    body: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            name: getattr(self, name) for name in ("branch", "commit", "step", "change", "title")
        }


def branch_of(stack: str, finding: Finding) -> str:
    """Return the name of a finding's branch."""
    return f"remediate/{stack}/{finding.rule}-{finding.id}"


def possible(root: Path, stack: str, finding: Finding, step: str) -> bool:
    """Return whether a step would change the stack file.

    Raises:
        GovernanceError: The stack has no file.
    """
    source = root / _stack_file(stack)
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise GovernanceError(
            str(source),
            got=error.strerror or str(error),
            expected="a stack file",
            next_step="run the command in a checkout that has the stack",
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / source.name
        copy.write_text(text, encoding="utf-8")
        try:
            edit_deployment(copy, deployment_of(finding), EDITS[step])
        except ReleaseError:
            return False
    return True


def propose(
    root: Path,
    stack: str,
    finding: Finding,
    step: str,
    *,
    now: datetime,
    base: str = "HEAD",
    approved_by: str = "",
) -> Proposal:
    """Commit a step on a branch of its own.

    Args:
        root: The checkout.
        stack: Whose file is edited.
        finding: What was found.
        step: What to do.
        now: Time of the commit.
        base: What the branch starts from.
        approved_by: Who stands for the step.

    Raises:
        GovernanceError: Git refused, or the branch is there already.
        ReleaseError: The step changes nothing there.
    """
    branch = branch_of(stack, finding)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git(root, "worktree", "add", "--quiet", "-b", branch, str(tree), base)
        try:
            change = edit_deployment(tree / _stack_file(stack), deployment_of(finding), EDITS[step])
            title, body = _message(stack, finding, step, change, approved_by)
            commit = _commit(tree, _stack_file(stack), f"{title}\n\n{body}", now)
        except BaseException:
            # An interrupted run must leave no empty branch: it would pass for a step taken.
            git(root, "worktree", "remove", "--force", str(tree))
            git(root, "branch", "--quiet", "-D", branch)
            raise
        git(root, "worktree", "remove", "--force", str(tree))
    return Proposal(branch=branch, commit=commit, step=step, change=change, title=title, body=body)


def _stack_file(stack: str) -> str:
    return f"Pulumi.{stack}.yaml"


def _commit(tree: Path, name: str, message: str, now: datetime) -> str:
    who, mail = _AUTHOR
    identity = ("-c", f"user.name={who}", "-c", f"user.email={mail}", "-c", "commit.gpgsign=false")
    git(tree, "add", "--", name)
    git(tree, *identity, "commit", "--quiet", f"--date={now.isoformat()}", "--message", message)
    return git(tree, "rev-parse", "HEAD").strip()


def _message(
    stack: str, finding: Finding, step: str, change: str, approved_by: str
) -> tuple[str, str]:
    name = deployment_of(finding)
    title = f"{step.replace('-', ' ').capitalize()} {name}: {finding.rule.replace('-', ' ')}"
    windows = finding.windows
    lines = [_line(finding.summary), "", change, ""]
    lines += [f"- {_line(key)}: {value:g}" for key, value in sorted(finding.evidence.items())]
    lines += [
        f"- windows: {windows.breached} of {windows.width_hours} h since {_line(windows.first)}",
        f"- measured by: {finding.source}",
        "",
    ]
    trailers = {
        "Finding": finding.id,
        "Stack": stack,
        "Deployment": name,
        "Step": step,
    }
    lines += [f"Remediation-{key}: {value}" for key, value in trailers.items()]
    if approved_by:
        lines.append(f"Approved-by: {_line(approved_by)}")
    return title, "\n".join(lines)


def _line(text: str) -> str:
    """Return a text as one line: several could write trailers of their own."""
    return " ".join(text.split())
