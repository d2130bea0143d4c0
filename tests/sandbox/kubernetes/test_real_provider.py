"""The stand-in answers as the real Kubernetes provider: dev, prod and edits of both."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from mobile_ai.sandbox.services.endpoints import Endpoints
from tests.components.support import Registered, write_repository
from tests.sandbox.kubernetes.agreement import (
    Driver,
    objects_of,
    program,
    real_provider,
    settings_of,
    stand_in,
)
from tests.sandbox.kubernetes.edits import OF_OBJECTS, OF_STACKS

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("kubernetes")]
STACKS = ("dev", "prod")
# What a stack must show, or an edit would compare nothing with nothing.
SHOWS = {
    "another image": {"update"},
    "more replicas": {"update"},
    "namespace renamed": {"replace"},
    "another label": {"update"},
    "another quota": {"update"},
    "another gateway domain": {"update"},
    "a new site": {"create"},
    "a site removed": {"delete"},
    "another rate in a config map": {"update"},
    "another storage class": {"update", "replace"},  # a new claim in dev, another one in prod
    "an immutable selector": {"replace"},
    "data of an immutable config map": {"replace"},
    "an annotation more": {"update"},
    "labels taken away": {"update"},
    "quantities in other notations": {"update"},
    "an item more in a list": {"update"},
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def programs(repository: Path) -> dict[str, list[Registered]]:
    return {stack: program(repository, stack) for stack in STACKS}


@pytest.fixture(scope="module")
def providers(
    programs: dict[str, list[Registered]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Driver, Driver]]:
    """The real provider, which writes files here, and the stand-in."""
    folder = tmp_path_factory.mktemp("site")
    config = settings_of(programs["dev"])
    with real_provider(Endpoints(name="x"), config, folder) as real, stand_in(config) as ours:
        yield real, ours


@pytest.fixture(scope="module", params=STACKS)
def deployed(
    request: pytest.FixtureRequest,
    programs: dict[str, list[Registered]],
    providers: tuple[Driver, Driver],
) -> tuple[str, Driver, Driver]:
    real, ours = (one.beside() for one in providers)
    objects = objects_of(programs[request.param])
    for driver in (real, ours):
        driver.create_all(objects)
    return request.param, real, ours


def test_both_make_the_same_objects(deployed: tuple[str, Driver, Driver]) -> None:
    _, real, ours = deployed

    assert {urn: one.inputs for urn, one in ours.held.items()} == {
        urn: one.inputs for urn, one in real.held.items()
    }
    assert {urn: one.id for urn, one in ours.held.items()} == {
        urn: one.id for urn, one in real.held.items()
    }


def test_nothing_to_do_is_nothing_for_both(
    deployed: tuple[str, Driver, Driver], programs: dict[str, list[Registered]]
) -> None:
    stack, real, ours = deployed
    objects = objects_of(programs[stack])

    assert {one.kind for one in real.plan(objects).values()} == {"same"}
    assert ours.plan(objects) == real.plan(objects)


@pytest.mark.parametrize("edit", OF_STACKS)
def test_both_plan_the_same_for_an_edit_of_the_stack_file(
    edit: str, deployed: tuple[str, Driver, Driver], repository: Path
) -> None:
    stack, real, ours = deployed
    objects = objects_of(program(repository, stack, OF_STACKS[edit]))
    planned = real.plan(objects)

    assert SHOWS[edit] & {one.kind for one in planned.values()}
    assert ours.plan(objects) == planned


@pytest.mark.parametrize("edit", OF_OBJECTS)
def test_both_plan_the_same_for_an_edit_of_objects(
    edit: str, deployed: tuple[str, Driver, Driver], programs: dict[str, list[Registered]]
) -> None:
    stack, real, ours = deployed
    objects = OF_OBJECTS[edit](objects_of(programs[stack]))
    planned = real.plan(objects)

    assert SHOWS[edit] & {one.kind for one in planned.values()}
    assert ours.plan(objects) == planned


def test_the_stand_in_previews_what_the_real_provider_deployed(
    deployed: tuple[str, Driver, Driver], programs: dict[str, list[Registered]]
) -> None:
    stack, real, ours = deployed
    taken_over = ours.beside()
    taken_over.held.update(real.held)

    assert {one.kind for one in taken_over.plan(objects_of(programs[stack])).values()} == {"same"}


def test_a_cluster_that_is_not_on_this_machine_is_never_asked(tmp_path: Path) -> None:
    named = {"name": "far", "cluster": {"server": "https://192.0.2.1:6443"}}
    context = {"name": "far", "context": {"cluster": "far", "user": "far"}}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "far",
        "clusters": [named],
        "users": [{"name": "far", "user": {"token": "t"}}],
        "contexts": [context],
    }
    token = "kubernetes:core/v1:ConfigMap"
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    config = {"kubeconfig": json.dumps(kubeconfig)}

    refused = pytest.raises(grpc.RpcError, match=r"unreachable.*proxyconnect.*127\.0\.0\.1:9")
    with real_provider(Endpoints(name="x"), config, tmp_path) as real, refused:
        real.create(f"urn:pulumi:dev::demo::{token}::a", token, inputs)
