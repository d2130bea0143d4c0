"""Fixtures of the server's tests."""

from collections.abc import Iterator

import pytest

from tests.edge.server_world import FixedTable, Running, mlp, typed


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Provide a server on loopback, with a network and one model of each datatype."""
    with Running(FixedTable([mlp(), *typed()])) as server:
        yield server
