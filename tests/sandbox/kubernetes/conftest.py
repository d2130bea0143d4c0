"""A real API server with two clusters, started once for all tests of this folder."""

import itertools
import os
from collections.abc import Iterator

import pytest

from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.kubernetes.api import KubernetesApi
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.endpoints import Endpoints
from mobile_ai.sandbox.services.state import SandboxFolder

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxFolder]:
    folder = SandboxFolder(tmp_path_factory.mktemp("sandbox"), "kube")
    wish = lifecycle.SandboxOptions(only=("kubernetes",), sites=("berlin",))
    lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())
    yield folder
    lifecycle.down(folder, progress=Quiet())


@pytest.fixture(scope="session")
def endpoints(sandbox: SandboxFolder) -> Endpoints:
    return Endpoints.read(sandbox.endpoints)


@pytest.fixture(scope="session")
def api(endpoints: Endpoints) -> KubernetesApi:
    cluster = endpoints.cluster()
    return KubernetesApi.of(cluster)


@pytest.fixture
def namespace(api: KubernetesApi) -> str:
    """A fresh namespace; the server goes away with all of them."""
    name = f"n-{next(_NUMBERS)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    api.apply(body, manager="tests", dry_run=False, force=False)
    return name
