"""Source of a run: commit, stack file digest, and uncommitted changes."""

import hashlib

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.changes.documentation import documentation_uri
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.report import Source
from mobile_ai.stack.git import git

__all__ = ["differs_from", "read_source", "uncommitted"]


def read_source(project: Project) -> Source:
    """Return the source section of the report; outside of Git the commit is empty."""
    commit = _git(project, "rev-parse", "HEAD")
    status = _status(project)
    return Source(
        commit=(commit or "").strip(),
        clean=commit is not None and status == "",
        stack_file=project.stack_file.name,
        stack_file_sha256=hashlib.sha256(project.stack_file.read_bytes()).hexdigest(),
        documentation=documentation_uri(project, _remote(project)),
    )


def uncommitted(project: Project) -> list[str]:
    """Return the paths that differ from the commit; empty outside of Git."""
    return [line[3:] for line in (_status(project) or "").splitlines()]


def _remote(project: Project) -> str:
    return (_git(project, "remote", "get-url", "origin") or "").strip()


def _status(project: Project) -> str | None:
    return _git(project, "status", "--porcelain", "--untracked-files=normal")


def _git(project: Project, *arguments: str) -> str | None:
    try:
        return git(project.root, *arguments)
    except GovernanceError:
        return None


def differs_from(project: Project, reference: str) -> bool:
    """Return whether policy pack or gate differ from a commit."""
    return (
        _git(project, "diff", "--quiet", reference, "--", "policy-pack", "src/mobile_ai/gate")
        is None
    )
