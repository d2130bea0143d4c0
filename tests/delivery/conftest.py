"""A released world per test: 1.0.0 is installed, 1.1.0 is the next version."""

import pytest

from tests.delivery.world import Cdn, World, check, deployment, device, weights


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def cdn(world):
    server = Cdn(world.bucket)
    yield server
    server.close()


@pytest.fixture
def phone(world, cdn):
    """Return a device that runs 1.0.0."""
    world.old = world.make("1.0.0", weights(1))
    world.new = world.make("1.1.0", weights(1, moved=0.05))
    world.publish(deployment(world.old))
    phone = device(world, cdn.url)
    assert check(phone).word == "installed"
    return phone
