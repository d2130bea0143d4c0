"""Project whose pack trusts the scene's keys, shared by all tests of this folder."""

from pathlib import Path

import pytest

from mobile_ai.testing import Scene
from tests.governance.engine.project import Project, make_project


@pytest.fixture(scope="session")
def scene() -> Scene:
    return Scene()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, scene: Scene) -> Project:
    root: Path = tmp_path_factory.mktemp("pack-project")
    return make_project(root, scene)
