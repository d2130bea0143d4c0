"""Every scenario gives its expected result, and chance alone raises no alarm."""

import pytest

from mobile_ai.operations.monitor.compare_windows import ComparisonSettings
from mobile_ai.operations.monitor.judge import judge_history
from tests.operations.monitor.scenarios import SCENARIOS, play
from tests.operations.monitor.world import DEVICES, Fleet, plain, run, shifted


@pytest.mark.parametrize("story", SCENARIOS, ids=lambda story: story.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_story_ends_as_it_must(story, seed):
    outcome = play(story, seed)

    assert outcome.good, [item.summary for item in outcome.findings]


def test_lies_of_devices_never_allow_a_rollback_without_a_person():
    story = next(item for item in SCENARIOS if item.name == "5 % of events are lies")
    findings = play(story, 1).findings

    assert findings
    assert {action for item in findings for action in item.allowed_actions} <= {
        "notify",
        "retrain",
        "freeze",
    }
    assert all("rollback" in item.needs_approval for item in findings)


def test_clean_windows_of_twenty_inputs_raise_nothing():
    history = run(7, 150, {DEVICES: lambda _: Fleet(shares=plain(), n=500)})

    assert judge_history(history, ComparisonSettings(reference=48)) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_that_matters_is_found_within_three_windows(seed):
    shares = plain(1)["input.f00"]
    before = Fleet(shares={"input.f00": shares}, n=500)
    after = Fleet(shares={"input.f00": shifted(shares, by=0.25)}, n=500)
    history = run(seed, 63, {DEVICES: lambda w: after if w >= 60 else before})

    found = [
        item
        for item in judge_history(history, ComparisonSettings(reference=48))
        if item.rule == "input-drift"
    ]
    assert [item.series for item in found] == ["input.f00"]
