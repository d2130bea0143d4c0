"""A release proves exactly the manifests that its offline keys signed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.released import proven_manifests
from mobile_ai.governance.facts import Facts
from mobile_ai.testing.plan import Scene
from tests.delivery.world import World, deployment, weights


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], str, str]:
    """Return metadata by file name, the digest of the first root, and the released manifest."""
    world = World(tmp_path_factory.mktemp("world"))
    pin = world.make("1.0.0", weights(1))
    world.publish(deployment(pin))
    files = {path.name: path.read_text() for path in _metadata(world.releases)}
    return files, sha256_bytes(world.root), pin.sha256


def _metadata(folder: Path) -> Iterator[Path]:
    yield from (folder / "metadata").iterdir()


def test_a_release_proves_the_manifests_whose_artifacts_it_names(released: Any) -> None:
    files, root, manifest = released

    assert proven_manifests(files, root=root) == {manifest}


def test_a_release_of_another_root_proves_nothing(released: Any) -> None:
    files, _, _ = released

    assert proven_manifests(files, root="0" * 64) == frozenset()
    assert proven_manifests(files, root="") == frozenset()
    assert proven_manifests({}, root="") == frozenset()


@pytest.mark.parametrize("name", ["1.root.json", "1.models.json", "1.snapshot.json"])
def test_a_release_with_a_file_changed_or_missing_proves_nothing(released: Any, name: str) -> None:
    files, root, _ = released
    value = json.loads(files[name])
    value["signed"]["expires"] = "2199-01-01T00:00:00Z"

    assert proven_manifests({**files, name: json.dumps(value)}, root=root) == frozenset()
    assert proven_manifests({**files, name: "{"}, root=root) == frozenset()
    rest = {key: text for key, text in files.items() if key != name}
    assert proven_manifests(rest, root=root) == frozenset()


def test_one_signature_where_two_are_asked_proves_nothing(released: Any) -> None:
    files, root, _ = released
    value = json.loads(files["1.models.json"])
    value["signatures"] = value["signatures"][:1] * 2

    changed = {**files, "1.models.json": json.dumps(value)}

    assert proven_manifests(changed, root=root) == frozenset()


def test_a_plan_that_carries_the_release_of_its_stack_knows_what_was_released(
    released: Any,
) -> None:
    files, root, manifest = released
    scene = Scene()
    carried = [{"name": name, "text": text} for name, text in files.items()]
    context = scene.context()
    context = replace(context, props={**context.props, "release": carried})

    for trusted, proven in ((root, {manifest}), ("", set())):
        setting = replace(scene.setting("dev"), release_root=trusted)
        facts = Facts(setting, now=scene.now)
        facts.admit(context)
        assert facts.released == proven
