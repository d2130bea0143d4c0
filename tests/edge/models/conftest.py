"""Releases of small models, and a self-test in the test's own process."""

import pytest

from tests.delivery.world import Cdn
from tests.edge.models.world import Git, Releases, answers_here


@pytest.fixture
def here(monkeypatch):
    """Run self-tests in this process: the result is the same, and a second faster."""
    monkeypatch.setattr("mobile_ai.edge.models.load_check.run_apart", answers_here)


@pytest.fixture
def git(tmp_path):
    return Git(tmp_path)


@pytest.fixture
def world(tmp_path):
    return Releases(tmp_path)


@pytest.fixture
def cdn(world):
    server = Cdn(world.bucket)
    yield server
    server.close()
