"""AWS API of one test: moto in this process, with the sandbox's patches."""

from collections.abc import Iterator

import pytest
from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

from mobile_ai.sandbox.services.aws_server import apply_patches

from .world import World


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    apply_patches()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def world(endpoint: str) -> World:
    moto_api_backend.reset()
    return World(endpoint)
