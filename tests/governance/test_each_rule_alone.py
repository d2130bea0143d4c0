"""Every mandatory rule is necessary: a plan exists that only it denies."""

import pytest

from mobile_ai.governance.rules import catalogue
from mobile_ai.testing import SAMPLE_TYPES, Scene
from tests.governance.alone import ALONE

MANDATORY = [rule.id for rule in catalogue() if rule.enforcement == "mandatory"]


@pytest.mark.parametrize("rule", MANDATORY)
def test_a_plan_exists_that_this_rule_alone_denies(rule: str) -> None:
    scene, resources = ALONE[rule]()

    assert scene.denials(*resources) == {rule}


def test_the_happy_path_is_denied_by_nothing() -> None:
    assert Scene().denials() == set()


STACK_ONLY = {"cdn-has-firewall", "bucket-guards-exist"}


@pytest.mark.parametrize("token", SAMPLE_TYPES)
def test_no_resource_rule_denies_a_sample_that_is_as_it_should_be(token: str) -> None:
    scene = Scene()

    assert scene.denials(scene.sample(token)) <= STACK_ONLY
