"""Source of a run: stack file, commit, uncommitted changes, and address of the documentation."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.project import Project
from mobile_ai.gate.report.report import Source
from mobile_ai.governance.stack_policy import Setting, load_bounds
from mobile_ai.stack.errors import Problem, excerpt
from mobile_ai.stack.git import git
from mobile_ai.stack.reader import StackFile


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


_FOLDER: Final = "docs"
# Git's short form of an SSH address, such as git@host:owner/name.git.
_SCP: Final = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^\s]+)")
_SCHEMES: Final = {"https", "http", "ssh", "git", "git+ssh"}


def documentation_uri(project: Project, remote: str) -> str:
    """Return the absolute URI of the folder `docs`, with a final slash; empty if it is missing.

    A repository host serves the pages of its default branch, like the rules. Without a host, the
    URI points to the files of the checkout.

    Args:
        project: The checkout.
        remote: URL of the Git remote; empty if there is none.
    """
    folder = project.root / _FOLDER
    if not folder.is_dir():
        return ""
    page = _repository_page(remote)
    return f"{page}/blob/HEAD/{_FOLDER}/" if page else f"{folder.resolve().as_uri()}/"


def _repository_page(remote: str) -> str:
    """Return a repository's web page without user, password and port; empty for a local path."""
    if "://" in remote:
        parts = urlsplit(remote)
        host, path = parts.hostname or "", parts.path
        if parts.scheme not in _SCHEMES:
            return ""
    elif found := _SCP.fullmatch(remote):
        host, path = found["host"], found["path"]
    else:
        return ""
    path = path.strip("/").removesuffix(".git")
    return f"https://{host}/{quote(path)}" if host and path else ""


def require_own_secrets(file: StackFile, project: Project, setting: Setting | None = None) -> None:
    """Check that a stack file's secrets are encrypted as the protected branch allows.

    Args:
        file: The stack file.
        project: The checkout and the stack.
        setting: The stack's settings in the pack; without them its bounds alone are read.

    Raises:
        StackFileError: The file names another key for secrets.
    """
    allowed = setting.bounds.secrets if setting else _allowed(project)
    problems = [
        Problem(
            key=key,
            got=excerpt(value),
            expected=f"{allowed.get(key, 'no such key')}, as bounds.secrets says",
            next_step="remove it, or have it allowed in policy-pack/stacks.yaml on the protected "
            "branch",
        )
        for key, value in file.secrets.items()
        if allowed.get(key) != value
    ]
    if problems:
        raise file.error(problems)


def _allowed(project: Project) -> Mapping[str, Any]:
    try:
        return load_bounds(project.pack, project.stack).secrets
    except GovernanceError:
        return {}  # the pack denies every resource of such a stack, and says why
