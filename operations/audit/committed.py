"""Who put a text into a stack file, or took it out, last: Git's own record."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime

from gate.errors import GateError
from gate.project import Project
from operations.audit.contract import Author, moment

__all__ = ["committed_by"]


def committed_by(project: Project, commit: str) -> Callable[[str], Author]:
    """Return what asks Git.

    Args:
        project: Whose stack file.
        commit: Where the history is read from.
    """

    def ask(text: str) -> Author:
        name = project.stack_file.name
        # The pickaxe: commits that change how often a text occurs.
        found = _git(
            project, "log", "-1", f"-S{text}", "--format=%an <%ae>%x00%at%x00%h", commit, "--", name
        )
        if not found.strip() or not text:
            return Author(source="Git", note=f"no commit of {name} names it")
        who, seconds, short = found.strip().split("\0")
        when = moment(datetime.fromtimestamp(int(seconds), UTC))
        return Author(who=who, when=when, source=f"Git {short}, {name}")

    return ask


def _git(project: Project, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", project.root, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise GateError(f"git {arguments[0]}: got {done.stderr.strip()!r}; expected a history")
    return done.stdout
