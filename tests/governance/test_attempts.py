"""Plans that go around a rule, judged without an engine: each is denied by name."""

import pytest

from mobile_ai.testing import Scene
from tests.governance.engine.attempts import PLANS


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_that_goes_around_a_rule_is_denied_by_name(scene: Scene, name: str) -> None:
    make, rule = PLANS[name]

    denied = {verdict.rule for verdict in scene.judge(make(scene)) if verdict.denies}

    assert rule in denied
