"""An AWS API of the test's own: moto in this process, mended as the sandbox mends it."""

from collections.abc import Iterator

import pytest
from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

from sandbox.services.aws_policies import mend_bucket_policies
from sandbox.services.aws_server import keep_what_is_forgotten
from sandbox.services.aws_zones import let_zones_have_their_id

from .world import World


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    keep_what_is_forgotten()
    mend_bucket_policies()
    let_zones_have_their_id()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def world(endpoint: str) -> World:
    moto_api_backend.reset()
    return World(endpoint)
