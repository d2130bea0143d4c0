"""Every resource names its payer, in values of the declared owner."""

import pytest

from mobile_ai.pricing.plan import tags_of
from mobile_ai.testing import Scene, changed
from tests.pricing.support import resource

RULE = "cost-tags-required"
TOPIC = "aws:sns/topic:Topic"
SERVICE = "kubernetes:core/v1:Service"
ALLOWED = '{"rules": {"cost-tags-required": {"parameters": {"allowed": {"team": %s}}}}}'


@pytest.mark.parametrize("token", [TOPIC, SERVICE])
def test_a_value_that_the_config_lists_passes_and_another_fails(token: str) -> None:
    """The scene's tags and labels both say team `vision`."""
    cases = (('["vision", "speech"]', "pass"), ('["speech"]', "fail"), ("[]", "fail"))
    for listed, outcome in cases:
        scene = Scene(config=ALLOWED % listed)
        assert scene.outcome(RULE, scene.sample(token)) == outcome


def test_a_tag_that_the_config_does_not_list_may_have_any_value() -> None:
    scene = Scene(config=ALLOWED % '["vision"]')
    other = changed(scene.sample(TOPIC), "tags", to={"mobile-ai:cost-center": "cc-77"})

    assert scene.outcome(RULE, other) == "pass"


def test_another_environment_fails_whatever_the_config_lists() -> None:
    config = ALLOWED.replace("team", "environment") % '["prod"]'
    scene = Scene(config=config)
    other = changed(scene.sample(TOPIC), "tags", to={"mobile-ai:environment": "prod"})

    assert scene.outcome(RULE, other) == "fail"


def test_tags_and_labels_have_one_spelling_in_reports() -> None:
    tagged = resource(TOPIC, {"tags": {"mobile-ai:team": "a", "Name": "x"}})
    labelled = resource(SERVICE, {"metadata": {"labels": {"mobile-ai.dev/team": "a"}}})

    assert tags_of(tagged) == tags_of(labelled) == {"team": "a"}
