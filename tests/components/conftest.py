"""Fixtures of component tests."""

from pathlib import Path

import pytest

from tests.components.support import Engine, run_stack, write_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two model versions and both stack files."""
    return write_repository(tmp_path)


@pytest.fixture(scope="session")
def shared_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for tests that only read it."""
    return write_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def dev(shared_repository: Path) -> Engine:
    """Resources that the program registers at a preview of ``dev``."""
    return run_stack(shared_repository, "dev")


@pytest.fixture(scope="session")
def full(shared_repository: Path) -> Engine:
    """Resources that the program registers at a preview of prod with every option enabled."""
    return run_stack(shared_repository, "prod-full")


@pytest.fixture(scope="session")
def prod(shared_repository: Path) -> Engine:
    """Resources that the program registers at a preview of ``prod``."""
    return run_stack(shared_repository, "prod")
