"""The part of the gate that needs no engine: what a stack file says, judged in a second.

The program is not run. Its governance documents (context, model versions, deployments) are
written from the stack file by the code that the program uses, and the one judge sees them. What
only a plan shows (resources, cost, the deployed state) is left to the gate.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mobile_ai.components.plan.documents import (
    context_document,
    deployment_document,
    version_document,
)
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.roots_folder import load_roots
from mobile_ai.contracts.tokens import CONTEXT, DEPLOYMENT, MODEL_VERSION
from mobile_ai.contracts.vocabulary import StackClass
from mobile_ai.gate.changes.source import require_own_secrets
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.governance.judge import JudgeSession
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.rules.rollout import rollout_one_ring_at_a_time
from mobile_ai.governance.rules.versions import no_silent_downgrade
from mobile_ai.governance.stack_policy import load_setting
from mobile_ai.governance.verdict import StackVerdict
from mobile_ai.stack.errors import StackFileError
from mobile_ai.stack.git import git
from mobile_ai.stack.load import StackInputs, load_file
from mobile_ai.stack.reader import stack_file_name, stack_names, stack_of
from mobile_ai.stack.settings_checks import check_class

_PROJECT: Final = "mobile-ai"
# Without the deployed state these have nothing to say.
_STEPS: Final = frozenset({no_silent_downgrade.id, rollout_one_ring_at_a_time.id})
# Data in Git that a stack's documents are made of, besides the stack file itself.
_DATA: Final = ("images/", "models/", "policy-pack/", "releases/", "usage/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Result of checking one stack file.

    Attributes:
        stack: The stack.
        problems: Why the stack file cannot be used; then nothing was judged.
        verdicts: Every verdict on the governance documents.
        deleted: Whether its file was deleted; then there is nothing to judge.
    """

    stack: str
    problems: tuple[str, ...] = ()
    verdicts: tuple[StackVerdict, ...] = ()
    deleted: bool = False

    @property
    def denied(self) -> tuple[StackVerdict, ...]:
        """Return the verdicts that stop a deployment."""
        return tuple(item for item in self.verdicts if item.denies)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "stack": self.stack,
            "deleted": self.deleted,
            "problems": list(self.problems),
            "judged": len(self.verdicts),
            "denied": [
                {"rule": item.rule, "resource": _name(item.urn), "findings": list(item.messages)}
                for item in self.denied
            ],
        }


def check_stack(project: Project, *, now: datetime) -> Quick:
    """Judge the governance documents of a stack file.

    Args:
        project: The checkout and the stack.
        now: The time of the judgement.
    """
    if not os.path.lexists(project.stack_file):
        return Quick(stack=project.stack, deleted=True)
    try:
        file = project.read()
        require_own_secrets(file, project)
        inputs = load_file(file, root=project.root, stack=project.stack)
        if lacking := check_class(inputs.settings, _class_of(project)):
            raise file.error(lacking)
    except StackFileError as error:
        problems = tuple(str(problem) for problem in error.problems)
        return Quick(stack=project.stack, problems=problems)
    session = JudgeSession(
        lambda stack: load_setting(project.pack, stack, rules=catalogue(), now=now),
        now=now,
        preview=True,
    )
    verdicts = [
        verdict
        for resource in _documents(inputs)
        for verdict in session.see(resource)
        if verdict.rule not in _STEPS
    ]
    return Quick(stack=project.stack, verdicts=tuple(verdicts))


def _class_of(project: Project) -> StackClass:
    try:
        return load_roots(project.pack).stack(project.stack).stack_class
    except GovernanceError:
        return "development"  # the pack denies every resource of such a stack, and says why


def stacks_of(root: Path, files: Iterable[Path]) -> list[str]:
    """Return the stacks that changed files may concern; all when none are named.

    Raises:
        GateError: No file is named and there is no stack; or a file is not of this checkout, or is
            neither in it nor in an earlier commit.
    """
    known = stack_names(root)
    if not known and not files:
        raise GateError(
            f"{root}: got no stack file; expected at least one Pulumi.<stack>.yaml. Next: run it "
            "in the folder that has them; `mobile-ai schema settings` says what is in one."
        )
    names = [_relative(path, root) for path in files]
    deleted = [name for name in names if not os.path.lexists(root / name)]
    for name in deleted:
        _require_known(root, name)
    if not names or any(f"{name}/".startswith((*_DATA, "./")) for name in names):
        named = set(known)
    else:
        named = {stack for stack in known if stack_file_name(stack) in names}
    return sorted(named.union(*map(stack_of, deleted)))


def _require_known(root: Path, name: str) -> None:
    """Refuse a file that is neither in the checkout nor was in a commit: it is misspelt."""
    try:
        known = git(root, "log", "-1", "--format=%H", "--", name)
    except GovernanceError:
        known = ""
    if not known:
        raise GateError(
            f"{name}: got no such file, here or in an earlier commit; expected a changed file. "
            "Next: `mobile-ai check` without a file checks all stacks."
        )


def _relative(path: Path, root: Path) -> str:
    try:
        # A link is not followed: what it is called says which stack it stands for.
        return (path.parent.resolve() / path.name).relative_to(root).as_posix()
    except ValueError as error:
        raise GateError(
            f"{path}: got a file outside of {root}; expected one of the checkout. "
            "Next: `mobile-ai check` without a file checks all stacks."
        ) from error


def _documents(inputs: StackInputs) -> Iterator[Resource]:
    yield _resource(inputs.stack, CONTEXT, "governance", context_document(inputs))
    for name, files in inputs.models.items():
        yield _resource(inputs.stack, MODEL_VERSION, name, version_document(files))
    for item in inputs.settings.deployments:
        document = deployment_document(inputs.settings, item)
        yield _resource(inputs.stack, DEPLOYMENT, item.name, document)


def _resource(stack: str, token: str, name: str, props: Mapping[str, Any]) -> Resource:
    urn = f"urn:pulumi:{stack}::{_PROJECT}::{token}::{name}"
    return Resource(type=token, name=name, urn=urn, props=props)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
