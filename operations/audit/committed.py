"""Since which commit Git pins what it pins, and whose commit that is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from governance.errors import GovernanceError

from gate.baseline import ModelPin, from_git
from gate.errors import GateError
from gate.git import git
from gate.project import Project
from operations.audit.contract import Author, moment

__all__ = ["pinned_by"]


@dataclass(frozen=True, slots=True)
class _Commit:
    hash: str
    who: str
    when: str


def pinned_by(project: Project, commit: str) -> Callable[[str], Author]:
    """Return what asks Git who pinned the model of a deployment, or took the deployment out.

    The stack file is read at each commit that changed it, from the newest back, until the
    deployment's pin was another: a digest may move within the file, so no search for text will do.

    Args:
        project: Whose stack file.
        commit: Where the history begins.
    """
    name = project.stack_file.name

    @cache  # a commit is read once for all deployments that differ
    def pins_at(at: str) -> Mapping[str, ModelPin]:
        return from_git(project, at).pins

    def ask(deployment: str) -> Author:
        now = pins_at(commit).get(deployment)
        since: _Commit | None = None
        for found in _history(project, commit):
            if pins_at(found.hash).get(deployment) != now:
                break
            since = found
        else:
            since = since if now else None  # a pin since the first commit, or never one
        if since is None:
            return Author(source="Git", note=f"no commit of {name} has it")
        return Author(who=since.who, when=since.when, source=f"Git {since.hash[:12]}, {name}")

    return ask


def _history(project: Project, commit: str) -> Iterator[_Commit]:
    """Yield the commits that changed the stack file, the newest first."""
    form = "--format=%H%x00%an <%ae>%x00%at"
    try:
        log = git(project.root, "log", form, commit, "--", project.stack_file.name)
    except GovernanceError as error:
        raise GateError(f"git log: got {error.got!r}; expected a history") from error
    for line in log.splitlines():
        hash_, who, seconds = line.split("\0")
        yield _Commit(hash_, who, moment(datetime.fromtimestamp(int(seconds), UTC)))
