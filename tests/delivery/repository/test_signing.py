"""Two people on two machines reach a threshold; no other signature counts."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.delivery.repository.keys import create_keys, read_signers
from mobile_ai.delivery.repository.root import first_root, rotate_root
from tests.delivery.world import NOW, World, check, deployment, device, new_signers, weights

LATER = NOW + timedelta(hours=5)


@pytest.fixture
def pins(world):
    return world.make("1.0.0", weights(1)), world.make("1.1.0", weights(1, moved=0.05))


@pytest.fixture
def update(world, pins):
    """Return a release that needs new signatures of role models."""
    world.publish(deployment(pins[0]))
    return deployment(pins[1], previous=pins[0])


def keys(world, number, *roles):
    """Return the keys of one person: one of role models, and all keys of the other roles."""
    return {
        "models": world.signers["models"][number : number + 1],
        **{r: world.signers[r] for r in roles},
    }


def waiting(world):
    return sorted(path.name for path in (world.releases / "staged").glob("*.json"))


def test_one_signature_is_staged_and_not_published(world, update):
    staged = world.stage(update, signers=keys(world, 0))
    models = next(item for item in staged if item.role == "models")
    assert (models.signatures, models.threshold) == (1, 2)
    assert waiting(world) == ["2.models.json"]
    with pytest.raises(ReleaseError, match="role models: got 1 of its keys"):
        world.publish(update, signers={r: s for r, s in world.signers.items() if r != "models"})
    assert read_releases(world.releases).role("models").signed.version == 1


def test_two_people_on_two_machines_publish_together(world, update, cdn):
    world.stage(update, signers=keys(world, 0))
    done = world.publish(
        update, signers=keys(world, 1, "ring-canary", "ring-general", "snapshot"), now=LATER
    )
    assert done.versions["models"] == 2
    assert waiting(world) == []
    assert check(device(world, cdn.url)).version == "1.1.0"


def test_signatures_of_everybody_may_come_before_the_publisher_without_keys(world, update):
    world.stage(update, signers=keys(world, 0))
    world.stage(update, signers=keys(world, 1, "ring-canary", "ring-general"), now=LATER)
    done = world.publish(update, signers={"snapshot": world.signers["snapshot"]}, now=LATER)
    assert {"models", "ring-general", "snapshot"} <= set(done.versions)


def test_the_same_key_twice_counts_once(world, update):
    for _ in range(2):
        staged = world.stage(update, signers={"models": world.signers["models"][:1] * 2})
    assert next(item for item in staged if item.role == "models").signatures == 1


def test_a_signature_under_another_key_id_counts_for_nothing(world, update):
    world.stage(update, signers=keys(world, 0))
    path = world.releases / "staged/2.models.json"
    value = json.loads(path.read_bytes())
    other = world.signers["models"][1].public_key.keyid
    value["signatures"].append({**value["signatures"][0], "keyid": other})
    path.write_text(json.dumps(value))
    with pytest.raises(ReleaseError, match="role models: got 1 of its keys"):
        world.publish(update, signers={r: s for r, s in world.signers.items() if r != "models"})


def test_a_strangers_signature_is_dropped(world, update):
    world.stage(update, signers=keys(world, 0))
    path = world.releases / "staged/2.models.json"
    stranger = new_signers()["models"][0]
    value = json.loads(path.read_bytes())
    value["signatures"].append({"keyid": stranger.public_key.keyid, "sig": "00" * 64})
    path.write_text(json.dumps(value))
    staged = world.stage(update, signers=keys(world, 0))
    assert next(item for item in staged if item.role == "models").signatures == 1


def test_what_was_staged_for_another_release_is_not_signed_along(world, update, pins):
    world.stage(update, signers=keys(world, 0))
    third = world.make("1.2.0", weights(1, moved=0.1))
    other = deployment(third, previous=pins[0])
    staged = world.stage(other, signers=keys(world, 1))
    assert next(item for item in staged if item.role == "models").signatures == 1


def test_a_staged_role_that_waited_too_long_begins_anew(world, update):
    world.stage(update, signers=keys(world, 0))
    staged = world.stage(update, signers=keys(world, 1), now=NOW + timedelta(days=200))
    assert next(item for item in staged if item.role == "models").signatures == 1


def test_two_people_make_a_first_root_and_release_from_public_parts_of_each_other(tmp_path):
    world = World(tmp_path / "world")
    pin = world.make("1.0.0", weights(1))
    world.releases = tmp_path / "releases"
    listing = tmp_path / "keys/any-name.yaml"
    create_keys(listing, ["canary", "general"])
    people = [listing.with_name(f"person-{number}.yaml") for number in (1, 2)]
    for number, path in enumerate(people, 1):
        other = 3 - number
        text = listing.read_text()
        for role in ("root", "targets", "models"):
            text = text.replace(f"file2:{role}-{other}.pem", f"public:{role}-{other}.pub")
        path.write_text(text)
    first, second = (read_signers(path) for path in people)
    with pytest.raises(ReleaseError, match="role root: got 1 of its keys"):
        first_root(world.releases, first, now=NOW)
    assert first_root(world.releases, second, now=LATER).signed.version == 1
    world.stage(deployment(pin), signers=first)
    done = world.publish(deployment(pin), signers=second, refresh=False, now=LATER)
    assert done.versions["models"] == done.versions["targets"] == 1
    assert len(read_releases(world.releases).role("models").signatures) == 2
    assert waiting(world) == []


def test_a_rotation_waits_for_the_keys_before(world):
    fresh = new_signers()["root"]
    before = world.signers["root"]
    releases = read_releases(world.releases)
    with pytest.raises(ReleaseError, match="previous keys"):
        rotate_root(
            world.releases, releases, signers={"root": fresh, "root-before": before[:1]}, now=NOW
        )
    rotate_root(
        world.releases, releases, signers={"root": fresh, "root-before": before[1:]}, now=LATER
    )
    root = read_releases(world.releases).root
    assert (root.signed.version, len(root.signatures)) == (2, 4)


def test_keys_change_only_when_asked(world, pins):
    world.publish(deployment(pins[0]))
    other = {**world.signers, "halt": new_signers()["halt"]}
    world.publish(deployment(pins[0]), signers=other)
    assert read_releases(world.releases).targets.signed.version == 1
    world.publish(deployment(pins[0]), signers=other, rekey=True)
    duty = read_releases(world.releases).targets.signed.delegations.roles["halt"]
    assert duty.keyids == [other["halt"][0].public_key.keyid]


def test_keys_that_are_there_are_never_written_over(tmp_path):
    listing = tmp_path / "signers.yaml"
    create_keys(listing, ["canary"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ReleaseError, match="use these keys"):
        create_keys(listing, ["canary"])
    with pytest.raises(ReleaseError, match="use these keys"):
        create_keys(tmp_path / "other.yaml", ["canary"])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("role", ["models", "ring-canary"])
@pytest.mark.parametrize("act", ["stage", "publish"])
def test_a_key_that_is_not_the_roles_signs_nothing(world, update, act, role):
    before = files_below(world.releases)
    strangers = {**world.signers, role: new_signers()["halt"]}
    with pytest.raises(ReleaseError, match=f"role {role}: got keys"):
        getattr(world, act)(update, signers=strangers)
    assert files_below(world.releases) == before


def test_a_root_key_of_nobody_rotates_nothing(world):
    before = files_below(world.releases)
    strange = {"root": world.signers["root"], "root-before": new_signers()["root"]}
    with pytest.raises(ReleaseError, match="role root: got keys"):
        rotate_root(world.releases, read_releases(world.releases), signers=strange, now=NOW)
    assert files_below(world.releases) == before


FAULTS = [PermissionError(13, "Permission denied"), KeyboardInterrupt()]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("act", "step"), [("stage", 1), ("stage", 2), ("publish", 2)])
def test_a_signer_who_is_stopped_leaves_whole_files_and_goes_on_later(
    world, update, act, step, fault
):
    before = files_below(world.releases)
    rename, seen = Path.replace, []

    def stopped(self, target):
        seen.append(target)
        if len(seen) == step:
            raise fault
        return rename(self, target)

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Path, "replace", stopped)
        with pytest.raises(type(fault)):
            getattr(world, act)(update, signers=world.signers)
    left = files_below(world.releases)
    assert {path: left[path] for path in before} == before
    assert set(left) - set(before) == set(seen[:-1])
    assert world.publish(update).versions["models"] == 2
