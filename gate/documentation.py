"""Address of the project's documentation, which a report links its rules to."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from gate.project import Project

__all__ = ["documentation_uri"]

_FOLDER: Final = "docs"
# Git's short form of an SSH address, such as git@host:owner/name.git.
_SCP: Final = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^\s]+)")
_SCHEMES: Final = {"https", "http", "ssh", "git", "git+ssh"}


def documentation_uri(project: Project, remote: str) -> str:
    """Return the absolute URI of the folder `docs`, which ends in a slash; empty if there is none.

    The pages on the repository's host are those of its default branch, as the rules are. Without
    a host they are the files of the checkout.

    Args:
        project: The checkout.
        remote: The address that it is fetched from; empty if it has none.
    """
    folder = project.root / _FOLDER
    if not folder.is_dir():
        return ""
    page = _repository_page(remote)
    return f"{page}/blob/HEAD/{_FOLDER}/" if page else f"{folder.resolve().as_uri()}/"


def _repository_page(remote: str) -> str:
    """Return the web page of a repository without user, password and port; empty for a folder."""
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
