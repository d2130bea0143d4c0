"""The stack file: what a release reads of it, and the edits that move a rollout."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository import stack
from mobile_ai.delivery.repository.release import RepositoryPaths
from mobile_ai.stack.editor import edit_deployment
from mobile_ai.stack.errors import StackFileError, UnknownDeploymentError

ROOT = Path(__file__).parents[3]
NAME = "field-assistant-digits"


@pytest.fixture
def path(tmp_path):
    return Path(shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path))


def changed(path):
    """Return the lines that differ from the file in Git, without their indent."""
    before = (ROOT / "Pulumi.prod.yaml").read_text().splitlines()
    after = path.read_text().splitlines()
    return {line.strip() for line in set(after) ^ set(before)}


def only(path):
    return next(item for item in stack.read_deployments(path) if item.name == NAME)


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_sample_stacks_can_be_released(name):
    for item in stack.read_deployments(ROOT / f"Pulumi.{name}.yaml"):
        assert item.rollout.rings[-1].percent == 100
        assert stack.read_trust(ROOT / "policy-pack", name).version >= 1


def test_a_promotion_changes_one_line_and_no_comment(path):
    done = edit_deployment(path, NAME, stack.promote)
    before, after = done.removeprefix("stage: ").split(" -> ")
    assert changed(path) == {f"stage: {before}", f"stage: {after}"}


def test_the_last_ring_has_none_after_it(path):
    while only(path).rollout.stage != only(path).rollout.rings[-1].name:
        edit_deployment(path, NAME, stack.promote)
    with pytest.raises(ReleaseError, match="the last ring"):
        edit_deployment(path, NAME, stack.promote)


def test_a_halted_rollout_is_not_promoted_until_it_is_resumed(path):
    edit_deployment(path, NAME, stack.halt)
    assert only(path).rollout.halted
    with pytest.raises(ReleaseError, match="a halted rollout"):
        edit_deployment(path, NAME, stack.promote)
    edit_deployment(path, NAME, stack.resume)
    assert not only(path).rollout.halted


def test_a_frozen_rollout_stays_where_it_is(path):
    done = edit_deployment(path, NAME, stack.freeze)
    assert done == f"frozen: false -> true, at ring {only(path).rollout.stage}"
    assert changed(path) == {"frozen: true"}
    for change in (stack.promote, stack.freeze):
        with pytest.raises(ReleaseError, match="a frozen rollout"):
            edit_deployment(path, NAME, change)


def test_a_rollout_that_everybody_has_is_not_frozen(path):
    while only(path).rollout.stage != only(path).rollout.rings[-1].name:
        edit_deployment(path, NAME, stack.promote)
    with pytest.raises(ReleaseError, match="every ring has"):
        edit_deployment(path, NAME, stack.freeze)


def test_a_rollback_pins_the_previous_version_for_every_ring(path):
    previous = only(path).previous
    edit_deployment(path, NAME, stack.rollback)
    found = only(path)
    assert (found.pin, found.previous) == (previous, None)
    assert found.rollout.stage == found.rollout.rings[-1].name
    with pytest.raises(ReleaseError, match="no previous version"):
        edit_deployment(path, NAME, stack.rollback)


def test_an_unknown_deployment_is_named_with_those_that_exist(path):
    with pytest.raises(UnknownDeploymentError, match=NAME):
        edit_deployment(path, "nobody-nothing", stack.promote)


def test_an_unlisted_stack_releases_nothing():
    with pytest.raises(ReleaseError, match="unlisted"):
        stack.read_trust(ROOT / "policy-pack", "playground")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("app: field-assistant", "app: ../../field-assistant"),
        ("model: digits", "model: digits/.."),
        ("version: 1.1.0", "version: ../1.1.0"),
        ("manifest: models/digits/1.1.0/manifest.yaml", "manifest: ../models/manifest.yaml"),
        ("manifest: models/digits/1.1.0/manifest.yaml", "manifest: /etc/passwd"),
        ("name: canary", "name: ../canary"),
        ("sha256: ", "sha256: ../"),
        ("sha256: ", "sha256: A"),
    ],
)
def test_names_that_would_leave_their_folder_are_not_read(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(StackFileError, match=r"mobile-ai:deployments\[0\]"):
        stack.read_deployments(path)


@pytest.mark.parametrize("name", ["..", "../dev", "dev/..", "", ".dev", "dev\n"])
def test_a_stack_is_a_plain_name(tmp_path, name):
    with pytest.raises(ReleaseError, match="stack"):
        RepositoryPaths(root=tmp_path, stack=name)


def test_a_rollback_does_not_lose_a_halt_that_nobody_signed(path):
    edit_deployment(path, NAME, stack.halt)
    before = path.read_bytes()
    with pytest.raises(ReleaseError, match="a halt that no release has signed"):
        edit_deployment(path, NAME, stack.rollback)
    assert path.read_bytes() == before
    edit_deployment(path, NAME, partial(stack.rollback, halt_signed=True))
    assert not only(path).rollout.halted
