"""Many real clients at once: all install, and the origin's load does not grow with them."""

import pytest

from tests.delivery.fleet.real import roll_out
from tests.delivery.world import World

FEW, MANY = 12, 50
EARLY = 6  # of `device-0` to `device-49`, those in the canary ring of 10 %


@pytest.fixture(scope="module")
def fleets(tmp_path_factory):
    return {
        count: roll_out(World(tmp_path_factory.mktemp(f"fleet-{count}")), count)
        for count in (FEW, MANY)
    }


@pytest.mark.slow
def test_every_client_installs_and_none_fails(fleets):
    first, canary, general, quiet = fleets[MANY]
    assert first.words == {"installed": MANY}
    assert set(canary.words) <= {"installed", "current"}
    assert general.running == {"1.1.0": MANY}
    assert quiet.words == {"current": MANY}


def test_the_canary_ring_is_a_share_and_the_rest_waits(fleets):
    _, canary, general, _ = fleets[MANY]
    early = canary.running["1.1.0"]
    assert early == EARLY
    assert general.words["installed"] == MANY - early


def test_the_origin_is_asked_the_same_however_many_ask_the_edge(fleets):
    few, many = (
        [(item.origin_requests, item.origin_bytes) for item in fleets[count]]
        for count in (FEW, MANY)
    )
    assert few == many
    assert many[0][0] < MANY


def test_an_update_costs_the_edge_a_patch_for_each_client(fleets):
    first, _, general, quiet = fleets[MANY]
    assert general.edge_bytes < 0.7 * first.edge_bytes
    assert quiet.edge_bytes < 1_000 * MANY
