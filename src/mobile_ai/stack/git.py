"""Runs Git in a checkout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mobile_ai.contracts.errors import GovernanceError


def git(root: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """Return the output of a Git command as text; see `git_bytes`."""
    return git_bytes(root, *arguments, variables=variables).decode(errors="replace")


def git_bytes(root: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> bytes:
    """Return the output of a Git command.

    Args:
        root: The checkout.
        arguments: Of the command.
        variables: Added to the environment: what must not be seen in a list of processes.

    Raises:
        GovernanceError: It failed; `got` holds what Git printed.
    """
    environment = {**os.environ, **(variables or {})}
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
    except OSError as error:
        raise _failed(root, arguments, str(error)) from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip()
        raise _failed(root, arguments, told or f"exit code {done.returncode}")
    return done.stdout


def uncommitted(root: Path, *paths: Path) -> list[str]:
    """Return the files below some paths that differ from the commit or are not in Git.

    Raises:
        GovernanceError: If it is no checkout.
    """
    told = git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--",
               *(str(path.absolute()) for path in paths))  # fmt: skip
    return [item[3:] for item in told.split("\0") if item]


def _failed(root: Path, arguments: tuple[str, ...], got: str) -> GovernanceError:
    return GovernanceError(
        f"git {arguments[0]} in {root}",
        got=got,
        expected="a checkout that Git can work in",
        next_step="run the command there by hand; nothing was changed",
    )
