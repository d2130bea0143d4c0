"""The chosen step, or the reason for none."""

import datetime as dt

import pytest

from mobile_ai.operations.monitor.finding import MonitorFinding
from mobile_ai.operations.remediate.decide import decide_step
from mobile_ai.operations.remediate.edit import resolved
from mobile_ai.operations.remediate.history import Taken
from mobile_ai.operations.remediate.playbook import Playbooks
from tests.operations.remediate.world import NAME, NOW, THRESHOLD, deployed, finding

RUNNING = [deployed()]
SUBJECT = {"app": "field-assistant", "model": "digits"}
BOOKS = Playbooks.model_validate(
    {
        "limits": {"coolDownHours": 6, "memoryDays": 14, "deploymentsPerDay": 2},
        "playbooks": {
            "latency": {"steps": ["freeze", "rollback"]},
            "fairness-gap": {"steps": ["freeze", "rollback"], "approval": ["rollback"]},
            "input-drift": {"steps": ["freeze", "retrain"]},
            "threshold": {"steps": ["threshold"]},
            "cost-spike": {"steps": ["throttle", "scale-down"]},
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
        (finding(is_open=False), [], "notify", "", "the finding is closed"),
        (finding("canary-latency"), [], "act", "freeze", "the playbook of canary-latency"),
        (
            finding(source="device"),
            [taken("freeze")],
            "wait",
            "",
            "device data alone do not permit it without approval",
        ),
        (finding(source="device+site"), [taken("freeze")], "act", "rollback", ""),
        (finding("fairness-gap"), [taken("freeze")], "wait", "", "requires approval"),
        (finding(allowed_actions=["notify"]), [], "wait", "", "without approval"),
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
            "without approval",
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
    found: MonitorFinding, history: list[Taken], outcome: str, step: str, reason: str
) -> None:
    decision = decide_step(found, BOOKS, history, now=NOW, running=RUNNING)

    assert (decision.outcome, decision.step) == (outcome, step)
    assert reason in decision.reason


def test_a_person_may_stand_for_a_step() -> None:
    decision = decide_step(
        finding("fairness-gap"), BOOKS, [taken("freeze")], now=NOW, running=RUNNING, approved=True
    )

    assert decision.step == "rollback"


def test_a_step_that_changes_nothing_is_passed_over() -> None:
    decision = decide_step(
        finding(), BOOKS, [], now=NOW, running=RUNNING, possible=lambda step: step != "freeze"
    )

    assert decision.step == "rollback"


def test_devices_alone_never_bring_a_roll_back_about() -> None:
    found = finding(source="device")

    steps = {
        decide_step(found, BOOKS, history, now=NOW, running=RUNNING).step
        for history in ([], [taken("freeze")], [taken("freeze"), taken("throttle")])
    }

    assert steps <= {"freeze", ""}


def test_a_finding_about_another_version_than_is_deployed_changes_nothing() -> None:
    """A rollback about 1.0.0 while 1.1.0 runs would restore the version that was reported."""
    older = finding(subject={**SUBJECT, "version": "1.0.0", "ring": "general"})

    found = decide_step(older, BOOKS, [taken("freeze")], now=NOW, running=RUNNING, approved=True)

    assert (found.outcome, found.reason) == (
        "notify",
        "it is about 1.0.0, and 1.1.0 is deployed now",
    )


def test_a_finding_about_what_is_not_deployed_changes_nothing() -> None:
    found = decide_step(finding(), BOOKS, [], now=NOW, running=[deployed(app="another")])

    assert (found.outcome, found.reason) == ("notify", f"{NAME} is not deployed")


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        ("2026-01-05T10:00:00Z", "notify"),
        ("2026-11-30T08:59:59Z", "notify"),
        ("2026-11-30T09:00:00Z", "act"),
        ("2027-03-01T09:00:00Z", "notify"),
    ],
)
def test_a_finding_is_acted_on_within_two_windows_and_the_lateness_of_telemetry(
    last: str, outcome: str
) -> None:
    windows = {"width_hours": 1, "first": last, "alarm": last, "last": last, "breached": 3}

    found = decide_step(finding(windows=windows), BOOKS, [], now=NOW, running=RUNNING)

    assert found.outcome == outcome
    assert outcome == "act" or "its last breach was at" in found.reason


def test_a_cost_of_an_application_is_that_of_its_only_deployment() -> None:
    spike = finding("cost-spike", source="bill", subject={"app": "field-assistant"})

    found = decide_step(resolved(spike, RUNNING), BOOKS, [], now=NOW, running=RUNNING)

    assert (found.outcome, found.step) == ("act", "throttle")


def test_a_cost_of_an_application_with_several_deployments_is_a_persons_choice() -> None:
    running = [deployed(), deployed(model="ocr")]
    spike = finding("cost-spike", source="bill", subject={"app": "field-assistant"})

    found = decide_step(resolved(spike, running), BOOKS, [], now=NOW, running=running)

    assert found.outcome == "notify"
    assert "a person must choose among: field-assistant-digits, field-assistant-ocr" in found.reason
