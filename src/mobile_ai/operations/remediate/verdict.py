"""Checks a proposal with the engine-free gate, in a worktree of its commit."""

import tempfile
from datetime import datetime
from pathlib import Path

from mobile_ai.gate.project import Project
from mobile_ai.gate.verdict.offline_check import Quick, check_stack
from mobile_ai.stack.git import git


def judged(root: Path, commit: str, stack: str, *, now: datetime) -> Quick:
    """Return the engine-free verdict on a stack file at a commit.

    Raises:
        GovernanceError: Git refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git(root, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            return check_stack(Project(root=tree, stack=stack), now=now)
        finally:
            git(root, "worktree", "remove", "--force", str(tree))
