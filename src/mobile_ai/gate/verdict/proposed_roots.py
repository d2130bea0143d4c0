"""Judges a plan by the roots that a change proposes, beside the binding verdict.

The verdict is by the roots of the protected branch. The planned resources are judged once more, by
the same pack with the proposed roots; what differs is told and decides nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.resource import Resource
from mobile_ai.contracts.roots import Roots, read_roots
from mobile_ai.contracts.roots_folder import ROOTS_FILE, load_trusts, pack_text
from mobile_ai.contracts.roots_signatures import verify_roots
from mobile_ai.gate.project import Project
from mobile_ai.governance.judge import judge
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.stack_policy import load_setting

_NOTHING = "nothing was planned that could be judged"


def told_of_proposed(
    path: Path, project: Project, resources: Sequence[Resource], *, now: datetime
) -> tuple[str, ...]:
    """Return sentences about a plan under proposed roots; none if they are those in force.

    Args:
        path: The proposed file.
        project: The checkout, with the roots in force.
        resources: The planned resources.
        now: The time of the judgement.
    """
    try:
        text = pack_text(path.parent, path.name)
        in_force = pack_text(project.pack, ROOTS_FILE)
        if text == in_force:
            return ()
        roots = read_roots(text)
        ours = _denied(project, resources, now=now)
        theirs = _denied(project, resources, now=now, roots=roots)
    except GovernanceError as error:
        return (f"they cannot be used: {error}",)
    if not resources:
        return (_NOTHING, *_signatures(text, in_force, roots, project))
    return (
        *_differences(ours, theirs),
        *_signatures(text, in_force, roots, project),
    )


def _denied(
    project: Project, resources: Sequence[Resource], *, now: datetime, roots: Roots | None = None
) -> frozenset[str]:
    setting = load_setting(project.pack, project.stack, rules=catalogue(), now=now, roots=roots)
    verdicts = judge(lambda _: setting, resources, now=now, preview=True)
    return frozenset(item.rule for item in verdicts if item.denies)


def _differences(ours: frozenset[str], theirs: frozenset[str]) -> Iterator[str]:
    if theirs:
        yield f"the plan would be denied by {', '.join(sorted(theirs))}"
    else:
        yield "the plan would pass"
    if ours - theirs:
        yield f"no longer denied by {', '.join(sorted(ours - theirs))}"


def _signatures(text: str, in_force: str, roots: Roots, project: Project) -> Iterator[str]:
    if roots.envelope is None:
        yield "they are not signed; the owners of policy-pack/stacks.yaml review them"
        return
    try:
        verify_roots(
            text,
            trusts_of=lambda name, file: load_trusts(project.pack, name, file),
            before=in_force,
        )
    except GovernanceError as error:
        yield str(error)
    else:
        yield f"version {roots.version} has every signature that it needs"
