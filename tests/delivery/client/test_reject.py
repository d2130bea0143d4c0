"""Applications reject a model that fails in use."""

import pytest

from mobile_ai.delivery.client import active_model, reject
from mobile_ai.delivery.client.state import load_state
from tests.delivery.world import check, deployment


@pytest.fixture
def updated(world, phone):
    """Return a device that went from 1.0.0 to 1.1.0."""
    world.publish(deployment(world.new, previous=world.old))
    assert check(phone).version == "1.1.0"
    return phone


def test_a_rejected_model_gives_way_to_the_last_known_good(updated):
    sha256 = load_state(updated.state_file).active.sha256

    reject(updated, sha256, "crashes on this device")

    assert active_model(updated).version == "1.0.0"
    outcome = check(updated)
    assert (outcome.word, outcome.version) == ("refused", "1.1.0")
    assert "failed here before: crashes on this device" in outcome.reason
    assert active_model(updated).version == "1.0.0"


def test_without_a_last_known_good_the_feature_is_off(phone):
    reject(phone, load_state(phone.state_file).active.sha256, "crashes")

    assert active_model(phone).path is None


def test_a_rejected_last_known_good_is_not_gone_back_to(updated):
    state = load_state(updated.state_file)

    reject(updated, state.previous.sha256, "crashes")

    assert active_model(updated).version == "1.1.0"
    assert load_state(updated.state_file).previous is None
    reject(updated, state.active.sha256, "crashes too")
    assert active_model(updated).path is None
