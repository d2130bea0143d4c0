"""Releases of small models, and a self-test that needs no process of its own."""

import pytest

from delivery.client import selftest_worker
from tests.delivery.world import Cdn
from tests.edge.models.world import Git, Releases


@pytest.fixture
def here(monkeypatch):
    """Run self-tests in this process: what they say is the same, and a second is saved."""

    def run(path, _format, cases):
        model = selftest_worker._onnx(str(path))
        given = [
            {name: selftest_worker._array(item) for name, item in case.items()} for case in cases
        ]
        return [
            [float(value) for output in model(case) for value in output.ravel()] for case in given
        ]

    monkeypatch.setattr("edge.models.prove.run_apart", run)


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
