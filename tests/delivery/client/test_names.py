"""Signed metadata may still be malformed: unsafe names are refused before any file is touched.

The attacker has the keys of a ring or of role halt, of snapshot and timestamp, and the bucket.
"""

import json

import pytest
from tuf.api.metadata import TargetFile

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.delivery.client import active_model, load_model, reject
from mobile_ai.delivery.client.cache import TargetCache
from mobile_ai.delivery.client.state import load_state
from mobile_ai.delivery.errors import UpdateError
from tests.delivery.world import check, deployment, device, weights

EVIL = b"#!/bin/sh\n# code of the attacker\n"
PLACES = {"ring-general": "rings/general/camera-digits.json", "halt": "halt.json"}
# None of these is a digest, and each would be a path or a name that no reader expects.
DIGESTS = {
    "a path out of the cache": "../../victim/settings.xml",
    "the client's own state": "../state.json",
    "an absolute path": "/{folder}/victim/settings.xml",
    "capitals": "AB" * 32,
    "one digit less": "0" * 63,
    "one digit more": "0" * 65,
    "a line's end": "0" * 64 + "\n",
    "other digits": "\N{ARABIC-INDIC DIGIT ZERO}" * 64,
    "nothing": "",
}


@pytest.fixture
def victim(phone):
    """Return a file of the application, beside the client's folder."""
    path = phone.folder.parent / "victim/settings.xml"
    path.parent.mkdir()
    path.write_bytes(b"<settings/>" * 40)
    return path


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def serve_everything(cdn):
    """Answer every unknown path with the attacker's bytes, as a compromised bucket can."""

    def fault(handler):
        if (cdn.folder / handler.path.lstrip("/")).is_file():
            return False
        if handler.path.startswith("/metadata/"):
            return False
        handler.give(200, EVIL)
        return True

    cdn.fault = fault


@pytest.mark.usefixtures("victim")
@pytest.mark.parametrize("digest", DIGESTS.values(), ids=DIGESTS)
@pytest.mark.parametrize(
    "attack", [(role, length) for role in PLACES for length in (len(EVIL), len(EVIL) + 100, 1)]
)
def test_a_digest_that_is_none_touches_no_file(world, cdn, phone, attack, digest):
    role, length = attack
    digest = digest.replace("{folder}", str(phone.folder.parent))
    before = files_below(phone.folder.parent / "victim")
    objects = files_below(phone.folder / "objects")

    def change(signed):
        target = TargetFile(length=length, hashes={"sha256": digest}, path=PLACES[role])
        signed.targets[PLACES[role]] = target

    world.vouch(**{role.replace("-", "_"): world.forge(role, change)})
    serve_everything(cdn)
    cdn.asked.clear()

    outcome = check(phone)

    assert outcome.word == ("halt-stale" if role == "halt" else "refused")
    assert "64 lower-case hexadecimal digits" in outcome.reason
    assert files_below(phone.folder.parent / "victim") == before
    assert not (phone.folder / "parts").exists() or not files_below(phone.folder / "parts")
    assert files_below(phone.folder / "objects").items() >= objects.items()
    assert not any("victim" in path or "state.json" in path for path in cdn.asked)
    assert load_model(phone).data == weights(1)


@pytest.mark.parametrize("length", [1 << 41, True, "10"])
def test_a_length_that_is_none_is_refused(world, phone, length):
    def change(signed):
        signed.targets[PLACES["ring-general"]].length = length

    world.vouch(ring_general=world.forge("ring-general", change))
    assert check(phone).word == "refused"
    assert active_model(phone).version == "1.0.0"


@pytest.mark.parametrize("key", ["active", "previous"])
@pytest.mark.parametrize("digest", ["../../victim/settings.xml", "F" * 64])
def test_a_state_that_names_a_path_is_no_state(phone, victim, key, digest):
    value = json.loads(phone.state_file.read_bytes())
    value[key] = {**value["active"], "sha256": digest}
    phone.state_file.write_text(json.dumps(value))
    assert active_model(phone).path is None
    assert check(phone).word == "installed"
    assert victim.is_file()


@pytest.mark.parametrize(
    "changes", [{"failed": {"../x": "y"}}, {"halts": {"x": []}}, {"ran": ["../x"]}]
)
def test_every_digest_in_a_state_is_one(phone, changes):
    value = json.loads(phone.state_file.read_bytes())
    phone.state_file.write_text(json.dumps(value | changes))
    assert load_state(phone.state_file).active is None


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "../camera"},
        {"model": "digits/.."},
        {"model": "Digits"},
        {"ring": "../../general"},
        {"ring": "general\n"},
    ],
)
def test_a_device_has_plain_names(world, cdn, changes):
    with pytest.raises(UpdateError, match=next(iter(changes))):
        device(world, cdn.url, **changes)


def test_a_device_is_given_a_digest_or_none(world, cdn):
    with pytest.raises(DocumentError, match="digest of the embedded model"):
        device(world, cdn.url, embedded_sha256="../digest")


@pytest.mark.parametrize("digest", DIGESTS.values(), ids=DIGESTS)
def test_the_cache_itself_has_files_by_digest_only(tmp_path, digest):
    cache = TargetCache(tmp_path / "cache")
    for use in (cache.path, cache.part, cache.holds, cache.content, cache.adopt):
        with pytest.raises(DocumentError, match="64 lower-case hexadecimal digits"):
            use(digest)
    with pytest.raises(DocumentError):
        cache.put(digest, [b"x"], length=1)


def test_what_is_rejected_is_a_digest(phone):
    with pytest.raises(DocumentError, match="rejected artifact"):
        reject(phone, "../../victim", "crashes")


def test_a_link_in_the_place_of_a_download_is_not_written_through(world, phone, victim):
    target = world.newest("models").signed.targets
    world.publish(deployment(world.new, previous=world.old))
    added = set(world.newest("models").signed.targets) - set(target)
    parts = phone.folder / "parts"
    parts.mkdir(exist_ok=True)
    for path in added:
        (parts / path.partition(".")[0]).symlink_to(victim)
    before = victim.read_bytes()
    assert check(phone).version == "1.1.0"
    assert victim.read_bytes() == before


def test_a_link_in_the_place_of_the_lock_is_not_opened(phone, victim):
    (phone.folder / "update.lock").unlink()
    (phone.folder / "update.lock").symlink_to(victim)
    outcome = check(phone)
    assert outcome.word == "refused"
    assert active_model(phone).version == "1.0.0"
    assert victim.stat().st_size == 440
