"""Both stacks as their programs declare them."""

from pathlib import Path

import pytest

from mobile_ai.contracts.resource import Resource
from tests.components.support import run_stack, write_repository
from tests.pricing.support import resources_of


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("cost"))


@pytest.fixture(scope="session")
def dev(repository: Path) -> list[Resource]:
    return resources_of(run_stack(repository, "dev"))


@pytest.fixture(scope="session")
def prod(repository: Path) -> list[Resource]:
    return resources_of(run_stack(repository, "prod"))
