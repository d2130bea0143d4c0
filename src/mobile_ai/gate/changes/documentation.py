"""Address of the project's documentation, which reports link to."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from mobile_ai.gate.project import Project

__all__ = ["documentation_uri"]

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
