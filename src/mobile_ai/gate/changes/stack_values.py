"""Reads the stack file that the engine is about to read, and holds it to the stack's bounds."""

from collections.abc import Mapping
from typing import Any

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.gate.project import Project
from mobile_ai.governance.stack_policy import load_bounds
from mobile_ai.stack.errors import Problem, excerpt
from mobile_ai.stack.reader import StackFile

__all__ = ["own_stack_file"]


def own_stack_file(project: Project) -> StackFile:
    """Return a stack file whose secrets are encrypted as the protected branch allows.

    Raises:
        StackFileError: The file cannot be read, or names another key for secrets.
    """
    file = project.read()
    allowed = _allowed(project)
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
    return file


def _allowed(project: Project) -> Mapping[str, Any]:
    try:
        return load_bounds(project.pack, project.stack).secrets
    except GovernanceError:
        return {}  # the pack denies every resource of such a stack, and says why
