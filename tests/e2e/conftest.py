"""One copy of the repository per run, and a fresh copy of that for each test that edits it.

One preview fills two cores: tests that run the engine are of the group `e2e`, which one worker
takes. The tutorial has a group of its own, since it takes minutes, most of them without an engine.
"""

from pathlib import Path

import pytest

from mobile_ai.sandbox.engine import locate_engine
from mobile_ai.sandbox.providers import install
from tests.e2e.checkout import Checkout, GateRun, copy_of_repository, duplicate


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The repository as it stands, with providers installed; tests must not edit it."""
    locate_engine()
    checkout = copy_of_repository(tmp_path_factory.mktemp("pristine") / "checkout")
    install(checkout.root / "build" / "pulumi-home")
    return checkout


@pytest.fixture(scope="session")
def gated(pristine: Checkout) -> dict[str, GateRun]:
    """The gate's run on every stack of the repository as it stands."""
    return {stack: pristine.gate(stack) for stack in ("dev", "prod")}


@pytest.fixture
def checkout(pristine: Checkout, tmp_path: Path) -> Checkout:
    """A copy to edit."""
    return duplicate(pristine, tmp_path / "checkout")
