"""Decides which step to take about a finding, or why none. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.remediate.edit import deployment_of
from mobile_ai.operations.remediate.history import Taken
from mobile_ai.operations.remediate.playbook import Playbook, Playbooks
from mobile_ai.stack.settings_deployment import Deployment

RemediationOutcome = Literal["act", "done", "wait", "notify"]
"""Decision on a finding: act now, already done, wait, or notify people."""
ASKS: Final = frozenset({"retrain", "threshold"})
"""Steps that request something of people; merging them changes nothing that runs."""
# Steps that each source permits without a person, whatever the finding's file states: the file may
# have been edited, and device telemetry may be forged.
_MAY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "device": ASKS | {"freeze"},
        "site": ASKS | {"freeze", "throttle", "scale-down", "rollback"},
        "device+site": ASKS | {"freeze", "throttle", "scale-down", "rollback"},
        "bill": frozenset({"throttle"}),
    }
)
_OF_CANARY: Final = "canary-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision about a finding.

    Attributes:
        outcome: ``act``: take the step. ``done``: it was taken for this finding. ``wait``: not now,
            or not without approval. ``notify``: there is nothing to change.
        step: The step, for ``act`` and ``done``.
        reason: Explanation, in a sentence.
    """

    outcome: RemediationOutcome
    step: str = ""
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"outcome": self.outcome, "step": self.step, "reason": self.reason}


def decide_step(
    finding: MonitorFinding,
    playbooks: Playbooks,
    history: Sequence[Taken],
    *,
    now: datetime,
    running: Sequence[Deployment],
    approved: bool = False,
    possible: Callable[[str], bool] = lambda _: True,
) -> Decision:
    """Choose the mildest allowed step that was not tried and is possible.

    Args:
        finding: The finding.
        playbooks: Declared playbooks.
        history: Steps taken before in the finding's stack, from Git.
        now: Current time.
        running: Current deployments of the stack.
        approved: True if a person approved the step.
        possible: Returns whether a step would change any file.
    """
    playbook = _playbook(finding, playbooks, running)
    if isinstance(playbook, Decision):
        return playbook
    mine = [taken for taken in history if taken.deployment == deployment_of(finding)]
    for taken in mine:
        if taken.finding == finding.id:
            return Decision(
                outcome="done", step=taken.step, reason=f"taken for this finding at {taken.at}"
            )
    # Each threshold finding is about its own limit, so an earlier proposal is no attempt at it.
    tried = {taken.step for taken in mine} - {"threshold"}
    left = [step for step in playbook.steps if step not in tried and possible(step)]
    past = _past(finding, playbooks, running, now=now)
    if past or not left:
        reason = past or "every step was tried or changes nothing"
        return Decision(outcome="notify", reason=reason)
    step = left[0]
    # Requests to people and corrections have separate cool-down periods.
    alike = [taken for taken in history if (taken.step in ASKS) == (step in ASKS)]
    if held := _held_back(alike, playbooks, name=deployment_of(finding), now=now):
        return Decision(outcome="wait", reason=held)
    if not approved and (missing := _missing(finding, step, asked=step in playbook.approval)):
        return Decision(outcome="wait", reason=missing)
    before = f" after {', '.join(sorted(tried))}" if tried else ""
    return Decision(outcome="act", step=step, reason=f"the playbook of {finding.rule}{before}")


def _playbook(
    finding: MonitorFinding, playbooks: Playbooks, running: Sequence[Deployment]
) -> Playbook | Decision:
    if not finding.is_open:
        return Decision(outcome="notify", reason="the finding is closed")
    if not deployment_of(finding):
        of_app = ", ".join(item.name for item in running if item.app == finding.subject.app)
        reason = f"no single deployment is named; a person must choose among: {of_app or 'none'}"
        return Decision(outcome="notify", reason=reason)
    rules = (finding.rule, finding.rule.removeprefix(_OF_CANARY))
    found = next((playbooks.playbooks[rule] for rule in rules if rule in playbooks.playbooks), None)
    return found or Decision(outcome="notify", reason=f"no playbook for {finding.rule}")


def _past(
    finding: MonitorFinding,
    playbooks: Playbooks,
    running: Sequence[Deployment],
    *,
    now: datetime,
) -> str:
    """Return the reason why a finding is obsolete or too old to act on, or an empty text."""
    name, version = deployment_of(finding), finding.subject.version
    pinned = next((item.version for item in running if item.name == name), None)
    if pinned is None:
        return f"{name} is not deployed"
    if version not in {"", pinned}:
        return f"it is about {version}, and {pinned} is deployed now"
    windows = finding.windows
    width = timedelta(hours=windows.width_hours)
    patience = 2 * width + timedelta(hours=playbooks.limits.lateness_hours)
    age = now - (datetime.fromisoformat(windows.last) + width)
    if age > patience:
        return f"its last breach was at {windows.last}, too long ago to act on"
    if age < -width:
        return f"its last breach was at {windows.last}, which is in the future"
    return ""


def _missing(finding: MonitorFinding, step: str, *, asked: bool) -> str:
    """Return the approval that a step still needs; it is not skipped for a harsher one."""
    if step not in _MAY[finding.source] or step not in finding.allowed_actions:
        return f"{step} is next; {finding.source} data alone do not permit it without approval"
    return f"{step} is next and requires approval" if asked else ""


def _held_back(history: Sequence[Taken], playbooks: Playbooks, *, name: str, now: datetime) -> str:
    limits = playbooks.limits
    quiet = timedelta(hours=limits.cool_down_hours)
    mine = [taken.at for taken in history if taken.deployment == name]
    if mine and now - max(mine) < quiet:
        return f"a step was taken less than {limits.cool_down_hours} hours ago; wait for its effect"
    day = {taken.deployment for taken in history if now - taken.at < timedelta(days=1)}
    if len(day - {name}) >= limits.deployments_per_day:
        return f"{len(day)} deployments were changed within a day; a person must review first"
    return ""
