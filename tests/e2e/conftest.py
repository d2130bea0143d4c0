"""One copy of the repository per run, and a fresh copy of that for each test that edits it."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine import locate
from sandbox.providers import install
from tests.e2e.checkout import Checkout, copy_of_repository, duplicate


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The repository as it stands, with providers installed; tests must not edit it."""
    locate()
    checkout = copy_of_repository(tmp_path_factory.mktemp("pristine") / "checkout")
    install(checkout.root / "build" / "pulumi-home")
    return checkout


@pytest.fixture
def checkout(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A copy to edit."""
    return duplicate(pristine, tmp_path / "checkout")


@pytest.fixture(autouse=True)
def one_engine_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let the workers of a parallel run take turns: one preview fills two cores."""
    shared = tmp_path_factory.getbasetemp().parent / "engine.lock"
    with shared.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
