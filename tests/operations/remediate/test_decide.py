"""Which step, and why none."""

import datetime as dt

import pytest

from operations.monitor.finding import Finding
from operations.remediate import Playbooks, Taken, decide
from tests.operations.remediate.world import NAME, NOW, THRESHOLD, finding

BOOKS = Playbooks.model_validate(
    {
        "limits": {"coolDownHours": 6, "memoryDays": 14, "deploymentsPerDay": 2},
        "playbooks": {
            "latency": {"steps": ["freeze", "rollback"]},
            "fairness-gap": {"steps": ["freeze", "rollback"], "approval": ["rollback"]},
            "input-drift": {"steps": ["freeze", "retrain"]},
            "threshold": {"steps": ["threshold"]},
        },
    }
)


def taken(step: str, *, hours: float = 24, name: str = NAME, of: str = "0" * 16) -> Taken:
    at = NOW - dt.timedelta(hours=hours)
    return Taken(at=at, finding=of, stack="dev", deployment=name, step=step)


@pytest.mark.parametrize(
    ("found", "history", "outcome", "step", "reason"),
    [
        (finding(), [], "act", "freeze", "the playbook of latency"),
        (finding(), [taken("freeze")], "act", "rollback", "after freeze"),
        (finding(), [taken("freeze"), taken("rollback")], "notify", "", "every step was tried"),
        (finding(), [taken("freeze", of=finding().id)], "done", "freeze", "for this finding"),
        (finding(), [taken("freeze", hours=5)], "wait", "", "less than 6 hours"),
        (finding(), [taken("freeze", name="a-b")], "act", "freeze", ""),
        (
            finding(),
            [taken("freeze", name="a-b", hours=1), taken("freeze", name="c-d", hours=1)],
            "wait",
            "",
            "2 deployments were changed within a day",
        ),
        (finding("unheard-of"), [], "notify", "", "no playbook for unheard-of"),
        (finding(subject={"app": "a"}), [], "notify", "", "no single deployment"),
        (finding(is_open=False), [], "notify", "", "it is over"),
        (finding("canary-latency"), [], "act", "freeze", "the playbook of canary-latency"),
        (
            finding(source="device"),
            [taken("freeze")],
            "wait",
            "",
            "what device says alone permits it to a person only",
        ),
        (finding(source="device+site"), [taken("freeze")], "act", "rollback", ""),
        (finding("fairness-gap"), [taken("freeze")], "wait", "", "needs a person's name"),
        (finding(allowed_actions=["notify"]), [], "wait", "", "to a person only"),
        (
            finding("input-drift", source="device", allowed_actions=["freeze", "retrain"]),
            [taken("freeze")],
            "act",
            "retrain",
            "after freeze",
        ),
        (
            finding("input-drift", source="bill", allowed_actions=["retrain"]),
            [taken("freeze")],
            "wait",
            "",
            "to a person only",
        ),
        (finding(), [taken("retrain", hours=1)], "act", "freeze", "the playbook of latency"),
        (
            finding("input-drift", allowed_actions=["retrain"]),
            [taken("freeze", hours=1)],
            "act",
            "retrain",
            "",
        ),
        (finding(**THRESHOLD), [taken("threshold")], "act", "threshold", ""),
        (
            finding(**THRESHOLD),
            [taken("retrain", hours=1)],
            "wait",
            "",
            "less than 6 hours",
        ),
        (
            finding(**THRESHOLD),
            [taken("retrain", name="a-b", hours=1), taken("threshold", name="c-d", hours=1)],
            "wait",
            "",
            "2 deployments were changed within a day",
        ),
    ],
)
def test_the_mildest_step_that_is_permitted_and_was_not_tried(
    found: Finding, history: list[Taken], outcome: str, step: str, reason: str
) -> None:
    decision = decide(found, BOOKS, history, now=NOW)

    assert (decision.outcome, decision.step) == (outcome, step)
    assert reason in decision.reason


def test_a_person_may_stand_for_a_step() -> None:
    decision = decide(finding("fairness-gap"), BOOKS, [taken("freeze")], now=NOW, approved=True)

    assert decision.step == "rollback"


def test_a_step_that_changes_nothing_is_passed_over() -> None:
    decision = decide(finding(), BOOKS, [], now=NOW, possible=lambda step: step != "freeze")

    assert decision.step == "rollback"


def test_devices_alone_never_bring_a_roll_back_about() -> None:
    found = finding(source="device")

    steps = {
        decide(found, BOOKS, history, now=NOW).step
        for history in ([], [taken("freeze")], [taken("freeze"), taken("throttle")])
    }

    assert steps <= {"freeze", ""}
