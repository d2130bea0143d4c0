"""From a signed release in Git to objects of the bucket, and from there to a device."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws
from securesystemslib.signer import SSlibKey

from mobile_ai.components.delivery import plan
from mobile_ai.components.functions.delivery_timestamp import refresh
from mobile_ai.components.plan.delivery_arguments import (
    delivery_targets,
    halted_digests,
    release_objects,
)
from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.evidence import VerifiedModel
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.delivery.client import Device
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.delivery.repository.plan import wanted
from mobile_ai.delivery.repository.publish import publish
from mobile_ai.delivery.repository.root import first_root
from mobile_ai.delivery.repository.site import uploads
from mobile_ai.delivery.repository.stack import read_deployments
from mobile_ai.delivery.repository.versions import ModelVersionFiles
from mobile_ai.stack.load import StackInputs, load_stack
from mobile_ai.stack.records import RecordError
from mobile_ai.stack.releases import load_release
from mobile_ai.stack.settings_deployment import ModelPin
from tests.components.support import Engine, Registered, run_stack, stack_values
from tests.delivery.world import (
    NOW,
    QUICK,
    TRUST,
    Cdn,
    World,
    check,
    deployment,
    new_signers,
    weights,
)

BUCKET = "models"


@pytest.fixture
def signers() -> dict[str, Any]:
    made: dict[str, Any] = new_signers()
    return made


def release(root: Path, signers: dict[str, Any], **changes: Any) -> None:
    """Publish what the stack file of a repository asks for, with changes to its deployment."""
    folder = root / "releases/dev"
    (item,) = read_deployments(root / "Pulumi.dev.yaml")
    item = item.model_copy(update=changes)
    releases = read_releases(folder)
    models = root / "models"
    asked = wanted(
        [item],
        {pin.sha256: _version(root, pin) for pin in item.pins},
        models=models,
        releases=releases,
        trust=TRUST,
    )
    publish(folder, asked, releases=releases, signers=signers, now=NOW)


def _version(root: Path, pin: ModelPin) -> ModelVersionFiles:
    text = (root / pin.manifest).read_text()
    manifest, _ = read_manifest(text, name=pin.manifest)
    model = VerifiedModel(
        sha256=sha256_text(text), digest=sha256_text(text), manifest=manifest, statements={}
    )
    return ModelVersionFiles(folder=(root / pin.manifest).parent, model=model)


@pytest.fixture
def released(repository: Path, signers: dict[str, Any]) -> Path:
    """Return a repository with a first release."""
    first_root(repository / "releases/dev", signers, now=NOW)
    release(repository, signers)
    return repository


def objects(engine: Engine) -> list[Registered]:
    return engine.of_type("bucketObjectv2:BucketObjectv2")


def inputs_of(root: Path, **rollout: Any) -> StackInputs:
    values = stack_values(root)
    values["deployments"][0]["rollout"] |= rollout
    return load_stack(values, root=root, stack="dev")


def test_every_file_of_the_release_is_an_object_that_stays(released: Path) -> None:
    found = objects(run_stack(released, "dev"))

    keys = {item.inputs["key"] for item in found}
    assert {f"metadata/1.{role}.json" for role in ("root", "snapshot", "models", "halt")} <= keys
    assert sum(key.startswith("targets/rings/") for key in keys) == 2
    assert not any("timestamp" in key for key in keys)
    assert all(item.retained for item in found)


def test_files_are_kept_for_ever_and_metadata_for_minutes(released: Path) -> None:
    for item in objects(run_stack(released, "dev")):
        cached = item.inputs["cacheControl"]
        forever = item.inputs["key"].startswith("targets/")
        assert cached == (plan.IMMUTABLE if forever else "public, max-age=300")


def test_what_is_named_is_uploaded_before_who_names_it(released: Path) -> None:
    found = objects(run_stack(released, "dev", preview=False))
    by_urn = {item.urn: item for item in found}

    def before(item: Registered) -> set[str]:
        direct = item.dependencies & by_urn.keys()
        return direct.union(*(before(by_urn[urn]) for urn in direct))

    for item in found:
        earlier = {other.urn for other in found if _rank(other) < _rank(item)}
        assert earlier <= before(item), item.name


def _rank(item: Registered) -> int:
    key = item.inputs["key"]
    if key.startswith("targets/"):
        # Artifacts are no part of the release's files and come before them all.
        return 0 if item.inputs["metadata"].get("manifest-sha256") else 1
    return {"snapshot": 3, "root": 4}.get(key.split(".")[1], 2)


def test_a_stack_that_released_nothing_uploads_its_artifacts_only(repository: Path) -> None:
    assert len(objects(run_stack(repository, "dev"))) == 4


def test_a_patch_says_which_artifact_it_leads_to(tmp_path: Path) -> None:
    world = World(tmp_path)
    old = world.make("1.0.0", weights(1))
    new = world.make("1.1.0", weights(1, moved=0.05))
    world.publish(deployment(new, previous=old))
    shutil.copytree(world.releases, tmp_path / "root/releases/dev")
    goal = world.versions[new.sha256].model.manifest.artifacts[0].digest

    files = load_release(tmp_path / "root", "dev").files

    (patch,) = [item for item in files if item.leads_to == goal]
    assert goal in patch.key.rpartition("/")[2]
    said = plan.object_metadata({**_object(patch), "manifest_sha256": new.sha256})
    assert said == {"sha256": goal, "manifest-sha256": new.sha256}


def _object(item: Any) -> plan.ReleaseObject:
    return {
        "key": item.key,
        "path": item.path,
        "sha256": item.sha256,
        "step": item.step,
        "leads_to": item.leads_to,
        "manifest_sha256": "",
    }


def test_patches_towards_artifacts_that_nobody_deploys_are_left_out(released: Path) -> None:
    inputs = inputs_of(released)
    (first, *rest) = inputs.release.files
    gone = replace(first, leads_to="0" * 64)
    inputs = replace(inputs, release=replace(inputs.release, files=(gone, *rest)))

    found = release_objects(inputs, delivery_targets(inputs))

    assert {item["key"] for item in found} == {item.key for item in rest}


def damage_signature(root: Path) -> None:
    path = root / "releases/dev/metadata/1.halt.json"
    value = json.loads(path.read_text())
    value["signed"]["expires"] = "2099-01-01T00:00:00Z"
    path.write_text(json.dumps(value))


def damage_target(root: Path) -> None:
    next((root / "releases/dev/targets/rings").rglob("*.json")).write_bytes(b"{}")


def remove_root(root: Path) -> None:
    (root / "releases/dev/metadata/1.root.json").unlink()


def remove_role(root: Path) -> None:
    (root / "releases/dev/metadata/1.models.json").unlink()


def add_stranger(root: Path) -> None:
    (root / "releases/dev/metadata/notes.txt").write_text("x")


def link_out(root: Path) -> None:
    path = root / "releases/dev/metadata/1.models.json"
    shutil.move(path, root / "elsewhere.json")
    path.symlink_to(root / "elsewhere.json")


@pytest.mark.parametrize(
    "damage", [damage_signature, damage_target, remove_root, remove_role, add_stranger, link_out]
)
def test_a_release_that_is_not_whole_and_signed_stops_the_program(
    released: Path, damage: Callable[[Path], None]
) -> None:
    damage(released)

    with pytest.raises(RecordError, match="releases/dev"):
        load_release(released, "dev")


def test_a_root_that_the_one_before_did_not_sign_is_refused(released: Path) -> None:
    other = released / "other"
    first_root(other, new_signers(), now=NOW)
    value = json.loads((other / "metadata/1.root.json").read_text())
    value["signed"]["version"] = 2
    (released / "releases/dev/metadata/2.root.json").write_text(json.dumps(value))

    with pytest.raises(RecordError, match=r"2\.root\.json: got 0 valid signatures"):
        load_release(released, "dev")


def test_the_cdn_gives_a_halted_version_to_nobody(released: Path) -> None:
    manifest = released / "models/digits/1.1.0/manifest.yaml"
    artifacts = read_manifest(manifest.read_text(), name="")[0].artifacts

    assert halted_digests(inputs_of(released)) == []
    assert halted_digests(inputs_of(released, halted=True)) == sorted(
        item.digest for item in artifacts
    )


# --- commits that come and go: the bucket, the online signer and a device ----------------------


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        yield s3


def up(s3: Any, root: Path) -> None:
    """Write the objects of an update; what left the stack stays, as ``retain_on_delete`` says."""
    for item in objects(run_stack(root, "dev")):
        s3.put_object(Bucket=BUCKET, Key=item.inputs["key"], Body=_body(root, item))


def _body(root: Path, item: Registered) -> bytes:
    for value in item.inputs["source"].values():
        if isinstance(value, str) and (root / value).is_file():
            return (root / value).read_bytes()
    raise AssertionError(item.inputs["source"])


def serve(s3: Any, folder: Path) -> None:
    for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        path = folder / entry["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read())


def test_an_old_commits_update_breaks_no_device(
    repository: Path, signers: dict[str, Any], cloud: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kms = boto3.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    public: Any = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    folder = repository / "releases/dev"
    first_root(folder, signers, now=NOW, timestamp=SSlibKey.from_crypto(public))
    (item,) = read_deployments(repository / "Pulumi.dev.yaml")
    release(repository, signers, **dict(item.previous), previous=None)
    old = tmp_path_factory.mktemp("old") / "repository"
    shutil.copytree(repository, old)
    release(repository, signers)
    site = tmp_path_factory.mktemp("site")
    cdn = Cdn(site)
    phone = Device(
        folder=site.parent / "phone",
        root=(folder / "metadata/1.root.json").read_bytes(),
        url=cdn.url,
        app=item.app,
        model=item.model,
        app_version="9.0.0",
        place={"deviceClass": "high-end"},
        limits=QUICK,
    )
    outcomes = []
    for number, commit in enumerate([old, repository, old]):
        up(cloud, commit)
        now = datetime.now(UTC) + timedelta(minutes=number)
        refresh(cloud, kms, bucket=BUCKET, key_id=key, lifetime=timedelta(days=1), now=now)
        serve(cloud, site)
        outcome = check(phone)
        outcomes.append((outcome.word, outcome.version))
    cdn.close()

    assert outcomes == [("installed", "1.0.0"), ("installed", "1.1.0"), ("current", "1.1.0")]


def test_the_program_reads_the_release_that_the_publisher_wrote(released: Path) -> None:
    inputs = inputs_of(released)
    targets = delivery_targets(inputs)
    folder = released / "releases/dev"

    published = uploads(folder, read_releases(folder), models=released / "models")

    keys = {item.key for item in inputs.release.files} | {plan.target_key(t) for t in targets}
    assert keys == {item.key for item in published}
