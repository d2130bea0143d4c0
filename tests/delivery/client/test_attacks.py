"""Attackers with the network, the bucket or some keys can cause delay and nothing else.

The attacks are those of The Update Framework 1.0.34, section 1.5.2, and stolen keys in addition.
"""

import itertools
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, TargetFile

from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.delivery.client import active_model
from mobile_ai.delivery.client.state import load_state
from mobile_ai.delivery.repository.folder import read_releases, to_bytes
from mobile_ai.delivery.repository.root import first_root, rotate_root
from tests.delivery.world import NOW, World, check, deployment, device, flip, new_signers, weights
from tests.waiting import stall

EVIL = b"evil" * 1024


@pytest.fixture
def unharmed(phone):
    """Check for updates and require that 1.0.0 stays active and intact."""

    def check_unharmed(word="refused", reason=""):
        outcome = check(phone)
        model = active_model(phone)
        assert (outcome.word, model.version) == (word, "1.0.0"), outcome
        assert model.path.read_bytes() == weights(1)
        assert reason in outcome.reason
        return outcome

    return check_unharmed


def release_new(world):
    world.publish(deployment(world.new, previous=world.old))


def new_digest():
    return sha256_bytes(weights(1, moved=0.05))


def name(data):
    return f"{sha256_bytes(data)}.digits-int8.tflite"


def ring_document(world, ring, **changes):
    """Return a ring's release document, changed, as a target that the ring's key can sign."""
    path = f"rings/{ring}/camera-digits.json"
    signed = world.newest(f"ring-{ring}").signed.targets[path]
    key = f"targets/rings/{ring}/{signed.hashes['sha256']}.camera-digits.json"
    value = json.loads((world.bucket / key).read_bytes())
    value["variants"][0] |= changes
    data = json.dumps(value).encode()
    world.put(f"targets/rings/{ring}/{sha256_bytes(data)}.camera-digits.json", data)
    return TargetFile(len(data), {"sha256": sha256_bytes(data)}, path)


def test_arbitrary_installation_from_the_bucket_is_refused(world, unharmed):
    release_new(world)
    for path in (world.bucket / "targets").glob("*.mdp"):
        path.write_bytes(flip(path.read_bytes()))
    path = next((world.bucket / "targets").glob(f"{new_digest()}.*"))
    path.write_bytes(EVIL)
    unharmed(reason="other bytes than signed")


def test_a_damaged_patch_costs_a_whole_download_and_nothing_else(world, phone):
    release_new(world)
    for path in (world.bucket / "targets").glob("*.mdp"):
        path.write_bytes(flip(path.read_bytes()))
    outcome = check(phone)
    assert (outcome.word, outcome.version) == ("installed", "1.1.0")
    assert load_state(phone.state_file).decision["way"] == "whole"


def test_rollback_to_an_older_timestamp_is_refused(world, phone, unharmed):
    path = world.bucket / "metadata/timestamp.json"
    older = path.read_bytes()
    world.refresh(now=NOW + timedelta(hours=1))
    assert check(phone).word == "current"
    path.write_bytes(older)
    unharmed(reason="BadVersionNumberError")


def test_freezing_on_an_expired_timestamp_is_refused(world, unharmed):
    world.refresh(now=NOW - timedelta(days=2) + timedelta(hours=1), life=timedelta(days=1))
    unharmed(reason="Expired")


def test_mixing_roles_of_two_releases_is_refused(world, unharmed):
    old = (world.bucket / "metadata/1.models.json").read_bytes()
    release_new(world)
    world.put("metadata/2.models.json", old)
    unharmed(reason="BadVersionNumberError")


def test_fast_forward_is_healed_by_new_keys(world, phone):
    def far(signed):
        signed.version = 2**31

    world.forge("snapshot", far)
    world.vouch()
    assert check(phone).word == "current"  # the stolen keys count, and nothing new is installed
    fresh = {**new_signers(), **{role: world.signers[role] for role in ("root", "targets")}}
    world.signers |= {role: fresh[role] for role in ("snapshot", "timestamp")}
    rotate_root(world.releases, read_releases(world.releases), signers=world.signers, now=NOW)
    for path in (world.releases / "metadata").glob("*.snapshot.json"):
        path.unlink()  # signed by the key that was stolen
    for path in (world.bucket / "metadata").glob("*.snapshot.json"):
        path.unlink()
    (world.bucket / "metadata/timestamp.json").unlink()
    release_new(world)
    outcome = check(phone)
    assert (outcome.word, outcome.version) == ("installed", "1.1.0")


def test_endless_data_is_cut_at_the_signed_length(cdn, unharmed):
    def endless(handler):
        if "timestamp" not in handler.path:
            return False
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n")
        try:
            for _ in itertools.repeat(None, 100_000):
                handler.wfile.write(b" " * 4096)
                cdn.sent += 4096
        except OSError:
            pass
        return True

    cdn.fault = endless
    unharmed("unreachable", "maximum allowed length")
    assert cdn.sent < 40_000_000


def test_slow_retrieval_is_given_up(cdn, unharmed):
    def drip(handler):
        if "timestamp" not in handler.path:
            return False
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 x\r\nContent-Length: 9000\r\n\r\n")
        try:
            for _ in range(100):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                stall(0.05)
        except OSError:
            pass
        return True

    cdn.fault = drip
    outcome = unharmed("unreachable", "SlowRetrievalError")
    assert outcome.requests <= 3


def test_one_of_two_signatures_of_models_is_not_enough(world, unharmed):
    release_new(world)
    number = world.forge("models", lambda _: None, signers=world.signers["models"][:1])
    world.vouch(models=number)
    unharmed(reason="models was signed by 1/2 keys")


def test_one_key_twice_is_not_two_signatures(world, unharmed):
    release_new(world)
    key = world.signers["models"][0]
    number = world.forge("models", lambda _: None, signers=[key, key])
    world.vouch(models=number)
    unharmed(reason="models was signed by 1/2 keys")


def test_a_revoked_key_counts_no_more(world, phone, unharmed):
    stolen = world.signers["models"]
    world.signers = {**world.signers, "models": new_signers()["models"]}
    world.publish(deployment(world.old), rekey=True)
    assert check(phone).word == "current"
    number = world.forge("models", lambda _: None, signers=stolen)
    world.vouch(models=number)
    unharmed(reason="models was signed by 0/2 keys")


def test_an_expired_root_stops_updates_and_not_the_model(tmp_path, cdn, world):
    past = NOW - timedelta(days=400)
    other = World(tmp_path / "other", signers=world.signers)
    (other.releases / "metadata/1.root.json").unlink()
    first_root(other.releases, other.signers, now=past)
    other.root = (other.releases / "metadata/1.root.json").read_bytes()
    other.publish(deployment(other.make("1.0.0", weights(1))))
    cdn.folder = other.bucket
    (tmp_path / "embedded.tflite").write_bytes(weights(5))
    old = device(other, cdn.url, embedded=tmp_path / "embedded.tflite")
    outcome = check(old)
    assert (outcome.word, active_model(old).version) == ("refused", "embedded")
    assert "root.json is expired" in outcome.reason


def test_a_ring_that_signs_another_rings_path_is_not_asked(world, unharmed):
    release_new(world)
    document = ring_document(world, "general", file=name(EVIL))
    number = world.forge(
        "ring-canary", lambda signed: signed.targets.update({document.path: document})
    )
    world.publish(deployment(world.old))
    world.vouch(ring_canary=number)
    unharmed("current")


def test_a_stolen_ring_key_names_no_new_bytes(world, unharmed):
    world.put(f"targets/{name(EVIL)}", EVIL)
    document = ring_document(world, "general", file=name(EVIL))
    number = world.forge(
        "ring-general", lambda signed: signed.targets.update({document.path: document})
    )
    world.vouch(ring_general=number)
    unharmed(reason="no such name among the files that authorised roles signed")


def test_stolen_ring_snapshot_and_timestamp_keys_and_the_bucket_are_not_enough(world, unharmed):
    world.put(f"targets/{name(EVIL)}", EVIL)
    evil = TargetFile(len(EVIL), {"sha256": sha256_bytes(EVIL)}, name(EVIL))
    document = ring_document(world, "general", file=name(EVIL))

    def change(signed):
        signed.targets |= {document.path: document, evil.path: evil}

    numbers = {role: world.forge(role, change) for role in ("ring-general", "ring-canary", "halt")}
    models = world.forge("models", change, signers=world.signers["ring-general"])
    world.vouch(
        ring_general=numbers["ring-general"],
        ring_canary=numbers["ring-canary"],
        halt=numbers["halt"],
        models=models,
    )
    unharmed(reason="models was signed by 0/2 keys")


def test_a_stolen_ring_key_gives_no_other_model(world, unharmed):
    faces = world.make("9.0.0", weights(9), model="faces")
    both = [deployment(world.old), deployment(faces, model="faces")]
    world.publish(*both)
    document = ring_document(world, "general", file=f"{sha256_bytes(weights(9))}.faces-int8.tflite")
    number = world.forge(
        "ring-general", lambda signed: signed.targets.update({document.path: document})
    )
    world.vouch(ring_general=number)
    unharmed(reason="expected digits int8")


def test_the_halt_key_names_no_new_bytes(world, unharmed):
    world.put(f"targets/{name(EVIL)}", EVIL)
    evil = TargetFile(len(EVIL), {"sha256": sha256_bytes(EVIL)}, name(EVIL))
    document = ring_document(world, "general", file=name(EVIL))
    number = world.forge(
        "halt", lambda signed: signed.targets.update({document.path: document, evil.path: evil})
    )
    world.vouch(halt=number)
    unharmed("current")


def test_a_patch_that_only_a_ring_names_is_not_downloaded(world, cdn, phone):
    release_new(world)
    patch = f"{sha256_bytes(EVIL)}.evil.mdp"
    world.put(f"targets/{patch}", EVIL)
    document = ring_document(world, "general", patches=[patch])
    number = world.forge(
        "ring-general", lambda signed: signed.targets.update({document.path: document})
    )
    world.vouch(ring_general=number)
    assert check(phone).version == "1.1.0"
    assert f"/targets/{patch}" not in cdn.asked


def test_a_timestamp_of_a_foreign_key_is_refused(world, unharmed):
    path = world.bucket / "metadata/timestamp.json"
    metadata = Metadata.from_bytes(path.read_bytes())
    metadata.signed.version += 1
    metadata.signed.snapshot_meta = MetaFile(99)
    metadata.signatures.clear()
    metadata.sign(CryptoSigner.generate_ed25519())
    path.write_bytes(to_bytes(metadata))
    unharmed(reason="timestamp was signed by 0/1 keys")


def test_a_changed_file_on_the_device_is_not_loaded(world, phone, tmp_path):
    release_new(world)
    assert check(phone).version == "1.1.0"
    active_model(phone).path.write_bytes(EVIL)
    assert active_model(phone).version == "1.0.0"
    (tmp_path / "embedded.tflite").write_bytes(weights(5))
    embedded = replace(phone, embedded=tmp_path / "embedded.tflite")
    active_model(phone).path.write_bytes(EVIL)
    assert active_model(embedded).version == "embedded"
    assert active_model(phone).path is None
    assert check(phone).word == "installed"
