"""A check that knows what ran from a commit alone: no times, so production opens no ring by it."""

from dataclasses import replace

import pytest

from mobile_ai.governance.stack_policy import Setting
from mobile_ai.testing import Scene
from tests.governance.test_legitimate_steps import OLD, RUNS, WIDE, after, deployment, halted

RULE = "rollout-soaked"


class Production(Scene):
    def setting(self, stack: str) -> Setting:
        return replace(super().setting(stack), stack_class="production")


def verdicts(base, plan):
    scene = after(RUNS, base=base)
    told = replace(scene.baseline, from_commit=True, progress={})
    scene = replace(scene, baseline=told)
    found = [item for item in scene.judge(scene.resources(plan)) if item.rule == RULE]
    return [(item.denies, str(finding)) for item in found for finding in item.findings]


def test_a_promotion_is_denied_in_production_and_names_the_records():
    ((denies, said),) = verdicts(Production, WIDE)

    assert denies
    assert "mobile-ai gate --record" in said


def test_a_promotion_is_advice_in_development():
    assert not any(denies for denies, _ in verdicts(Scene, WIDE))


@pytest.mark.parametrize(
    "plan",
    [RUNS, halted(RUNS), deployment(OLD)],
    ids=["unchanged", "halted", "a return"],
)
def test_what_opens_no_ring_passes_in_production(plan):
    assert verdicts(Production, plan) == []
