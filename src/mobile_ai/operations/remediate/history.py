"""Reads the history of remediation from Git, which is its only memory.

A step is a commit with trailers (git-interpret-trailers). Unmerged branches count too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mobile_ai.stack.git import git

_TRAILERS: Final = ("Finding", "Stack", "Deployment", "Step")
_PREFIX: Final = "Remediation-"
_FIELDS: Final = "%x1f".join(
    ["%aI", *(f"%(trailers:key={_PREFIX}{name},valueonly,separator=%x20)" for name in _TRAILERS)]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that was taken.

    Attributes:
        at: Time of the commit.
        finding: Id of the finding.
        stack: The stack.
        deployment: The deployment.
        step: The step.
    """

    at: datetime
    finding: str
    stack: str
    deployment: str
    step: str


def read_history(root: Path, stack: str, *, now: datetime, days: int) -> list[Taken]:
    """Return a stack's steps of the last days on any branch, newest first.

    Args:
        root: The checkout.
        stack: The stack.
        now: Current time.
        days: Days to look back.

    Raises:
        GovernanceError: The folder is not a Git checkout.
    """
    text = git(root, "log", "--all", f"--grep=^{_PREFIX}Finding: ", f"--format={_FIELDS}")
    since = now - timedelta(days=days)
    recent = {item for item in _steps(text) if item.stack == stack and item.at >= since}
    return sorted(recent, key=lambda item: item.at, reverse=True)


def _steps(text: str) -> Iterator[Taken]:
    for line in text.splitlines():
        at, finding, stack, deployment, step = line.split("\x1f")
        if finding and deployment and step:
            yield Taken(
                at=datetime.fromisoformat(at),
                finding=finding.strip(),
                stack=stack.strip(),
                deployment=deployment.strip(),
                step=step.strip(),
            )
