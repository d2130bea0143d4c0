"""What the tests of the server share."""

from collections.abc import Iterator

import pytest

from tests.edge.server_world import FixedTable, Running, mlp, typed


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "fuzz" not in (config.option.markexpr or ""):
        skip = pytest.mark.skip(reason="100,000 cases: run with -m fuzz")
        for item in items:
            if "fuzz" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """Give a server that listens on loopback, with a network and one model of each datatype."""
    with Running(FixedTable([mlp(), *typed()])) as server:
        yield server
