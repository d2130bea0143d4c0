"""What the tests of the server share."""

from collections.abc import Iterator

import pytest

from tests.edge.server_world import FixedTable, Running, mlp, typed


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Give a server that listens on loopback, with a network and one model of each datatype."""
    with Running(FixedTable([mlp(), *typed()])) as server:
        yield server
