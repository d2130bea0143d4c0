"""The model registry with its database, and everything at once as a user starts it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.lifecycle import SandboxOptions
from mobile_ai.sandbox.services.registry import postgres_programs
from mobile_ai.sandbox.services.state import SandboxFolder

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]


@pytest.fixture
def folder() -> Iterator[SandboxFolder]:
    # Not pytest's folder: root's PostgreSQL runs as another account, which may not enter there.
    root = Path(tempfile.mkdtemp(prefix="sandbox-"))
    root.chmod(0o755)
    made = SandboxFolder(root, "registry")
    yield made
    lifecycle.down(made, progress=Quiet())
    shutil.rmtree(root)


@pytest.mark.parametrize("sqlite", [False, True])
def test_a_model_version_is_registered_and_survives_a_restart(folder, sqlite):
    if not sqlite and postgres_programs(os.environ, folder.path.parent) is None:
        pytest.skip("PostgreSQL is not installed here")
    wish = SandboxOptions(only=("mlflow",), sqlite=sqlite)
    _registered(lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet()).mlflow)
    running = {one.name for one in lifecycle.status(folder)}
    state = folder.read()
    lifecycle._stop(["mlflow"], state)
    folder.write(state)

    endpoints = lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())

    assert running == ({"mlflow"} if sqlite else {"mlflow", "postgres"})
    assert _client(endpoints.mlflow).get_model_version_by_alias("digits", "prod").version == "1"


def test_root_without_a_way_in_for_another_account_takes_sqlite(tmp_path):
    tmp_path.chmod(0o700)

    found = postgres_programs({"PATH": os.environ["PATH"]}, tmp_path)

    assert found is None or os.geteuid() != 0


def test_without_postgresql_on_path_there_is_sqlite(tmp_path):
    assert postgres_programs({"PATH": str(tmp_path)}, tmp_path) is None


def _client(url: str):
    from mlflow import MlflowClient  # noqa: PLC0415  several seconds

    return MlflowClient(url)


def _registered(url: str) -> None:
    client = _client(url)
    client.create_registered_model("digits")
    client.create_model_version("digits", "s3://models/digits/1")
    client.set_registered_model_alias("digits", "prod", "1")
