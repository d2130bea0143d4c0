"""A real API server with two clusters, started once for all tests of this folder."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubernetes.api import Api
from sandbox.progress import Quiet
from sandbox.providers.cloud import Wanted
from sandbox.providers.kubernetes.choice import ChosenCloud
from sandbox.providers.kubernetes.dialect import KubernetesDialect
from sandbox.providers.spec import Spec
from sandbox.providers.specfile import ensure_spec
from sandbox.services import lifecycle
from sandbox.services.endpoints import VARIABLE, Endpoints
from sandbox.services.state import Folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    folder = Folder(tmp_path_factory.mktemp("sandbox"), "kube")
    wish = lifecycle.Wish(only=("kubernetes",), sites=("berlin",))
    lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())
    yield folder
    lifecycle.down(folder, progress=Quiet())


@pytest.fixture(scope="session")
def endpoints(sandbox: Folder) -> Endpoints:
    return Endpoints.read(sandbox.endpoints)


@pytest.fixture(scope="session")
def api(endpoints: Endpoints) -> Api:
    cluster = endpoints.cluster()
    return Api.of(cluster)


@pytest.fixture
def cloud(request: pytest.FixtureRequest) -> Callable[..., ChosenCloud]:
    """The stand-in's cloud, as a provider process makes it; of the running sandbox by default."""

    def make(path: Path | None = None, **config: Any) -> ChosenCloud:
        dialect = KubernetesDialect(Spec.load(ensure_spec("kubernetes")))
        dialect.configure(config)
        path = path or request.getfixturevalue("sandbox").endpoints
        return ChosenCloud(dialect, {VARIABLE: str(path)})

    return make


@pytest.fixture
def namespace(api: Api) -> str:
    """A fresh namespace; the server goes away with all of them."""
    name = f"n-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    api.apply(body, manager="tests", dry_run=False, force=False)
    return name


@pytest.fixture
def want() -> Callable[..., Wanted]:
    """What the engine asks for, for an object as a manifest says it."""

    def make(document: dict[str, Any], *, stack: str = "dev", **more: Any) -> Wanted:
        version, kind = document["apiVersion"], document["kind"]
        group = version if "/" in version else f"core/{version}"
        token = f"kubernetes:{group}:{kind}"
        facts = KubernetesDialect(Spec.load(ensure_spec("kubernetes"))).find(token)
        urn = f"urn:pulumi:{stack}::demo::{token}::{document['metadata']['name']}"
        return Wanted(urn=urn, facts=facts, inputs=document, **more)

    return make
