"""Releases are made from Git and written back: next versions, right keys, no duplicates."""

import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import SSlibKey
from tuf.api.metadata import TargetFile

from mobile_ai.components.delivery.plan import target_key as component_key
from mobile_ai.components.functions.delivery_timestamp import canonical, next_timestamp, public_key
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.released import read_release, served_name
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.delivery.repository.roles import ring_role
from mobile_ai.delivery.repository.root import first_root, rotate_root
from mobile_ai.delivery.repository.site import uploads
from mobile_ai.delivery.rings import Ring
from tests.delivery.world import NOW, TRUST, World, check, deployment, device, new_signers, weights


@pytest.fixture
def pins(world):
    return world.make("1.0.0", weights(1)), world.make("1.1.0", weights(1, moved=0.05))


def roles(done):
    return set(done.versions)


def test_the_first_release_signs_every_role(world, pins):
    done = world.publish(deployment(pins[0]))
    assert set(done.versions.values()) == {1}
    assert roles(done) == {"targets", "models", "halt", "ring-canary", "ring-general", "snapshot"}


def test_the_same_commit_again_signs_nothing(world, pins):
    world.publish(deployment(pins[1], previous=pins[0]))
    done = world.publish(deployment(pins[1], previous=pins[0]))
    assert (done.versions, done.files) == ({}, ())


def test_a_promotion_needs_the_key_of_its_ring_and_of_the_snapshot_only(world, pins):
    world.publish(deployment(pins[1], previous=pins[0], stage="canary"))
    few = {role: world.signers[role] for role in ("ring-general", "snapshot")}
    done = world.publish(deployment(pins[1], previous=pins[0]), signers=few)
    assert roles(done) == {"ring-general", "snapshot"}


def test_a_halt_needs_the_halt_key_and_the_snapshots(world, pins):
    world.publish(deployment(pins[0]))
    few = {role: world.signers[role] for role in ("halt", "snapshot")}
    assert roles(world.publish(deployment(pins[0], halted=True), signers=few)) == set(few)


def test_new_bytes_need_two_keys_of_models(world, pins):
    world.publish(deployment(pins[0]))
    one = {**world.signers, "models": world.signers["models"][:1]}
    with pytest.raises(ReleaseError, match="role models: got 1 of its keys"):
        world.publish(deployment(pins[1], previous=pins[0]), signers=one)


def test_a_fresh_runner_goes_on_where_git_is(world, pins, tmp_path):
    world.publish(deployment(pins[0]))
    clone = tmp_path / "clone"
    shutil.copytree(world.releases, clone)
    world.releases = clone
    done = world.publish(deployment(pins[1], previous=pins[0]))
    assert done.versions["models"] == 2


def test_an_old_commit_breaks_no_client(world, pins, cdn):
    first = deployment(pins[0])
    world.publish(first)
    old = world.folder / "old"
    shutil.copytree(world.releases, old)
    world.publish(deployment(pins[1], previous=pins[0]))
    phone = device(world, cdn.url)
    assert check(phone).version == "1.1.0"
    world.releases = old
    with pytest.raises(ReleaseError, match="which devices have seen"):
        world.refresh(now=NOW + timedelta(hours=1))
    assert check(phone).word == "current"


def test_what_is_signed_is_never_overwritten(world, pins):
    world.publish(deployment(pins[0]))
    path = world.releases / "metadata/1.halt.json"
    before = path.read_bytes()
    world.publish(deployment(pins[0], halted=True))
    assert path.read_bytes() == before
    assert (world.releases / "metadata/2.halt.json").exists()


def test_metadata_that_somebody_changed_is_refused(world, pins):
    world.publish(deployment(pins[0]))
    path = world.releases / "metadata/1.halt.json"
    value = json.loads(path.read_bytes())
    value["signed"]["targets"] = {}
    path.write_text(json.dumps(value))
    with pytest.raises(ReleaseError, match="halt"):
        read_releases(world.releases)


def test_no_timestamp_is_in_git(world, pins):
    world.publish(deployment(pins[0]))
    assert not list(world.releases.rglob("*timestamp.json"))


def test_what_ages_is_signed_anew(world, pins):
    world.publish(deployment(pins[0]))
    done = world.publish(deployment(pins[0]), now=NOW + timedelta(days=70))
    assert roles(done) == {"snapshot"}


def test_a_new_ring_is_delegated_by_the_offline_keys(world, pins):
    world.publish(deployment(pins[0]))
    rings = (Ring(name="canary", share=100_000), Ring(name="early", share=500_000))
    wider = deployment(pins[0], rings=rings, stage="early")
    with pytest.raises(ReleaseError, match="ring-early"):
        world.publish(wider)
    world.signers = {**world.signers, "ring-early": new_signers()["ring-canary"]}
    assert {"targets", "ring-early"} <= roles(world.publish(wider))


def test_earlier_versions_stay_to_patch_from_unless_revoked(world, pins):
    third = world.make("1.2.0", weights(1, moved=0.1))
    world.publish(deployment(pins[0]))
    world.publish(deployment(pins[1], previous=pins[0]))
    world.publish(deployment(third, previous=pins[1]))
    names = world.newest("models").signed.targets
    versions = {t.custom["version"] for t in names.values() if t.custom["kind"] == "artifact"}
    assert versions == {"1.0.0", "1.1.0", "1.2.0"}
    revoked = replace(TRUST, revoked={pins[0].sha256: "bad data"})
    world.publish(deployment(third, previous=pins[1]), trust=revoked)
    names = world.newest("models").signed.targets
    versions = {t.custom["version"] for t in names.values() if t.custom["kind"] == "artifact"}
    assert versions == {"1.1.0", "1.2.0"}


def test_a_rotated_root_is_signed_by_old_and_new_keys(world, pins):
    world.publish(deployment(pins[0]))
    fresh = new_signers()["root"]
    with pytest.raises(ReleaseError, match="previous keys"):
        rotate_root(world.releases, read_releases(world.releases), signers={"root": fresh}, now=NOW)
    both = {"root": fresh, "root-before": world.signers["root"]}
    rotate_root(world.releases, read_releases(world.releases), signers=both, now=NOW)
    root = read_releases(world.releases).root
    assert root.signed.version == 2
    assert set(root.signed.roles["root"].keyids) == {key.public_key.keyid for key in fresh}
    assert len(root.signatures) == 4


def test_devices_follow_a_rotated_root(world, phone):
    both = {"root": new_signers()["root"], "root-before": world.signers["root"]}
    rotate_root(world.releases, read_releases(world.releases), signers=both, now=NOW)
    world.publish(deployment(world.new, previous=world.old))
    assert check(phone).version == "1.1.0"


def test_the_deployed_timestamp_signer_is_believed(tmp_path, cdn):
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    world = World(tmp_path / "cloud")
    shutil.rmtree(world.releases)
    signers = {role: items for role, items in world.signers.items() if role != "timestamp"}
    public = SSlibKey.from_crypto(key.public_key())
    first_root(world.releases, signers, now=NOW, timestamp=public)
    world.root = (world.releases / "metadata/1.root.json").read_bytes()
    world.publish(deployment(world.make("1.0.0", weights(1))), refresh=False)
    snapshot = (world.releases / "metadata/1.snapshot.json").read_bytes()
    signed = next_timestamp(
        None, snapshot_version=1, snapshot=snapshot, expires=NOW + timedelta(days=1), now=NOW
    )
    signature = key.sign(canonical(signed), ec.ECDSA(SHA256())).hex()
    assert public.to_dict() == public_key(der)
    body = {"signatures": [{"keyid": public.keyid, "sig": signature}], "signed": signed}
    for item in uploads(world.releases, read_releases(world.releases), models=world.models):
        world.put(item.key, item.path.read_bytes())
    world.put("metadata/timestamp.json", json.dumps(body).encode())
    cdn.folder = world.bucket
    assert check(device(world, cdn.url, folder=tmp_path / "phone")).version == "1.0.0"


def test_targets_are_uploaded_before_who_names_them(world, pins):
    world.publish(deployment(pins[1], previous=pins[0]))
    found = uploads(world.releases, read_releases(world.releases), models=world.models)
    keys = [item.key for item in found]
    ranks = {"snapshot": 2, "root": 3}
    order = [0 if key.startswith("targets/") else ranks.get(key.split(".")[1], 1) for key in keys]
    assert order == sorted(order)


def test_keys_are_those_that_the_cdn_serves_and_the_stack_uploads(world, pins):
    world.publish(deployment(pins[0]))
    source = Path("components/mobile_ai/components/functions/delivery_function.js").read_text()
    patterns = [
        re.compile(found.replace("\\/", "/")) for found in re.findall(r"= /(\^.*\$)/;", source)
    ]
    assert len(patterns) == 3
    found = list(uploads(world.releases, read_releases(world.releases), models=world.models))
    for item in found:
        assert any(pattern.match(f"/{item.key}") for pattern in patterns), item.key
    artifact = world.versions[pins[0].sha256].model.manifest.artifacts[0]
    key = component_key(
        {
            "file": artifact.file.path.rpartition("/")[2],
            "path": "",
            "sha256": artifact.digest,
            "manifest_sha256": pins[0].sha256,
        }
    )
    assert key in {item.key for item in found}


def test_a_name_with_its_digest_is_not_prefixed_again():
    assert served_name("a.json", "0" * 64) == f"{'0' * 64}.a.json"
    assert served_name(f"{'0' * 64}.a", "0" * 64) == f"{'0' * 64}.a"


def test_a_ring_that_fits_in_no_path_is_refused():
    with pytest.raises(ReleaseError, match="rename the ring"):
        ring_role("Canary/../x")


HOSTILE = {
    "a digest that is a path": {"hashes": {"sha256": "../../../app/start.sh"}},
    "a digest in capitals": {"hashes": {"sha256": "AB" * 32}},
    "no digest": {"hashes": {"sha512": "0" * 128}},
    "a path out of the folder": {"path": "../../app/start.sh"},
    "a hidden file": {"path": "rings/.git/config"},
    "an absolute path": {"path": "/etc/passwd"},
    "a manifest that is none": {"custom": {"kind": "artifact", "manifestSha256": "../x"}},
    "a model out of models": {"custom": {"kind": "artifact", "model": "../../x"}},
    "a version out of models": {"custom": {"kind": "artifact", "version": ".."}},
    "a patch towards a path": {"custom": {"kind": "patch", "to": "../x"}},
    "a patch from a path": {"custom": {"kind": "patch", "from": "../x"}},
}


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("role", ["halt", "ring-general", "models"])
def test_signed_metadata_with_names_that_are_none_is_not_read(world, pins, role, case):
    """The repository's folder contains what a holder of a role's key signed."""
    world.publish(deployment(pins[0]))
    facts = {"path": "evil", "hashes": {"sha256": "0" * 64}, **case}
    evil = TargetFile(1, facts["hashes"], facts["path"], {"custom": facts.get("custom", {})})
    world.forge(role, lambda signed: signed.targets.update({evil.path: evil}))
    world.vouch(**{role.replace("-", "_"): 2})
    for name in (f"2.{role}.json", "2.snapshot.json"):
        shutil.copy(world.bucket / "metadata" / name, world.releases / "metadata")
    before = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    with pytest.raises(ReleaseError, match=role):
        read_releases(world.releases)
    with pytest.raises(ReleaseError, match=role):
        world.publish(deployment(pins[0]))
    texts = {path.name: path.read_text() for path in (world.releases / "metadata").glob("*.json")}
    with pytest.raises(GovernanceError):
        read_release(texts)
    assert before == {p: p.read_bytes() for p in world.folder.rglob("*") if p.is_file()}


def listed(world):
    return [(item.version, item.since) for item in read_releases(world.releases).halts]


def test_a_halt_outlives_rollback_and_every_later_release(world, pins):
    old, new = pins[0], pins[1]
    world.publish(deployment(new, previous=old))
    world.publish(deployment(new, previous=old, halted=True))
    assert listed(world) == [("1.1.0", 2)]
    world.publish(deployment(old))
    assert listed(world) == [("1.1.0", 2)]
    assert world.publish(deployment(new, previous=old, halted=True)).versions.get("halt") is None
    assert listed(world) == [("1.1.0", 2)]


def test_what_a_stack_file_forgets_stays_halted_and_the_plan_writes_nothing(world, pins):
    world.publish(deployment(pins[0], halted=True))
    assert world.publish(deployment(pins[0])).versions == {}
    assert listed(world) == [("1.0.0", 1)]


def test_a_lift_needs_both_keys_of_models(world, pins):
    world.publish(deployment(pins[0], halted=True))
    world.lift()
    few = {role: world.signers[role] for role in ("halt", "snapshot")}
    with pytest.raises(ReleaseError, match="role models"):
        world.publish(deployment(pins[0]), signers=few)
    one = {**world.signers, "models": world.signers["models"][:1]}
    with pytest.raises(ReleaseError, match="role models"):
        world.publish(deployment(pins[0]), signers=one)
    assert listed(world) == [("1.0.0", 1)]
    assert {"halt", "models", "snapshot"} <= set(world.publish(deployment(pins[0])).versions)
    assert listed(world) == []


def test_a_halt_after_a_lift_has_a_number_of_its_own(world, pins):
    world.publish(deployment(pins[0], halted=True))
    world.lift()
    world.publish(deployment(pins[0]))
    world.publish(deployment(pins[0], halted=True))
    assert listed(world) == [("1.0.0", 3)]


def test_lifts_are_never_forgotten(world, pins):
    world.publish(deployment(pins[0], halted=True))
    world.lift()
    world.publish(deployment(pins[0]))
    (world.releases / "lifts.json").unlink()
    assert len(read_releases(world.releases).lifted) == 1
    assert world.publish(deployment(pins[0])).versions == {}


def test_a_halt_document_that_is_gone_stops_the_publisher(world, pins):
    world.publish(deployment(pins[0], halted=True))
    next((world.releases / "targets").glob("*.halt.json")).unlink()
    with pytest.raises(ReleaseError, match=r"halt\.json"):
        world.publish(deployment(pins[0]))
