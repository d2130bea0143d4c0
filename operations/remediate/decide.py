"""Which step to take about a finding, or why none. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from operations.finding import Finding, permitted
from operations.remediate.history import Taken
from operations.remediate.playbook import Playbooks

__all__ = ["Decision", "decide"]

Outcome = Literal["act", "done", "wait", "notify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do.

    Attributes:
        outcome: ``act``: take the step. ``done``: it was taken for this finding. ``wait``: not
            now, not by itself, or not without a person. ``notify``: there is nothing to change.
        step: The step, for ``act`` and ``done``.
        reason: Why, as a sentence.
    """

    outcome: Outcome
    step: str = ""
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"outcome": self.outcome, "step": self.step, "reason": self.reason}


def decide(
    finding: Finding,
    playbooks: Playbooks,
    history: Sequence[Taken],
    *,
    now: datetime,
    approved: bool = False,
    possible: Callable[[str], bool] = lambda _: True,
) -> Decision:
    """Choose the mildest step that is permitted, was not tried, and can be taken.

    Args:
        finding: What was found.
        playbooks: What is declared.
        history: Steps taken before, from Git.
        now: The present.
        approved: Whether a person stands for a step that needs one.
        possible: Whether a step would change the stack file at all.
    """
    name = finding.subject.deployment
    playbook = playbooks.playbooks.get(finding.rule)
    if not name or playbook is None:
        reason = f"no playbook for {finding.rule}" if name else "no single deployment is meant"
        return Decision(outcome="notify", reason=reason)
    mine = [t for t in history if (t.stack, t.deployment) == (finding.subject.stack, name)]
    for taken in mine:
        if taken.finding == finding.id:
            return Decision(
                outcome="done", step=taken.step, reason=f"taken for this finding at {taken.at}"
            )
    if held := _held_back(mine, history, playbooks, finding=finding, now=now):
        return Decision(outcome="wait", reason=held)
    tried = {taken.step for taken in mine}
    left = [step for step in playbook.steps if step not in tried and possible(step)]
    if not left:
        return Decision(outcome="notify", reason="every step was tried or changes nothing")
    step = left[0]
    if missing := _missing(finding, step, asked=step in playbook.approval and not approved):
        return Decision(outcome="wait", reason=missing)
    before = f" after {', '.join(sorted(tried))}" if tried else ""
    return Decision(outcome="act", step=step, reason=f"the playbook of {finding.rule}{before}")


def _missing(finding: Finding, step: str, *, asked: bool) -> str:
    """Return what a step still needs; it is not skipped for a harsher one."""
    if step not in permitted(finding):
        sources = " and ".join(finding.sources)
        return f"{step} is next, and what {sources} says alone does not permit it"
    return f"{step} is next and needs a person's name" if asked else ""


def _held_back(
    mine: Sequence[Taken],
    history: Sequence[Taken],
    playbooks: Playbooks,
    *,
    finding: Finding,
    now: datetime,
) -> str:
    limits = playbooks.limits
    quiet = timedelta(hours=limits.cool_down_hours)
    if mine and now - max(taken.at for taken in mine) < quiet:
        return f"a step was taken less than {limits.cool_down_hours} hours ago; let it work"
    day = {
        taken.deployment
        for taken in history
        if taken.stack == finding.subject.stack and now - taken.at < timedelta(days=1)
    }
    if len(day - {finding.subject.deployment}) >= limits.deployments_per_day:
        return f"{len(day)} deployments were changed within a day; a person looks first"
    return ""
