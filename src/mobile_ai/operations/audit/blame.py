"""Finds the commit, and its author, that pinned a deployment's model."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.gate.state.baseline import DeployedPin, from_git
from mobile_ai.operations.audit.contract import Author, moment
from mobile_ai.stack.git import git


@dataclass(frozen=True, slots=True)
class _Commit:
    hash: str
    who: str
    when: str


def pinned_by(project: Project, commit: str) -> Callable[[str], Author]:
    """Return a function that finds the commit that pinned or removed a deployment.

    The stack file is parsed at each commit that changed it, newest first, until the deployment's
    pin differs. A text search (``git log -S``) would not do: a digest may move within the file.

    Args:
        project: Project with the stack file.
        commit: Newest commit of the history.
    """
    name = project.stack_file.name

    @cache  # each commit is read once for all deployments
    def pins_at(at: str) -> Mapping[str, DeployedPin]:
        return from_git(project, at).pins

    def ask(deployment: str) -> Author:
        now = pins_at(commit).get(deployment)
        since: _Commit | None = None
        for found in _history(project, commit):
            if pins_at(found.hash).get(deployment) != now:
                break
            since = found
        else:
            since = since if now else None  # pinned since the first commit, or never
        if since is None:
            return Author(source="Git", note=f"no commit of {name} has it")
        return Author(who=since.who, when=since.when, source=f"Git {since.hash[:12]}, {name}")

    return ask


def _history(project: Project, commit: str) -> Iterator[_Commit]:
    """Yield the commits that changed the stack file, newest first."""
    form = "--format=%H%x00%an <%ae>%x00%at"
    try:
        log = git(project.root, "log", form, commit, "--", project.stack_file.name)
    except GovernanceError as error:
        raise GateError(f"git log: got {error.got!r}; expected a history") from error
    for line in log.splitlines():
        hash_, who, seconds = line.split("\0")
        yield _Commit(hash_, who, moment(datetime.fromtimestamp(int(seconds), UTC)))
