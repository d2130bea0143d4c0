"""Keys in AWS KMS sign with every verb; the API is moto's, over HTTP's client stack."""

from __future__ import annotations

import json
import shutil

import boto3
import pytest
from moto import mock_aws
from moto.kms.exceptions import AccessDeniedException
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

from mobile_ai.cli.main import main
from mobile_ai.contracts.canonical import sha256_bytes
from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.contracts.trust import load_trust
from mobile_ai.delivery.repository.folder import read_releases
from mobile_ai.sandbox.services.aws_keys import take_digests_as_such
from tests.signing.conftest import ROOT
from tests.signing.examples import NOW, draft

PEOPLE = {
    "ana": "root",
    "ben": "root",
    "dan": "security",
    "fay": "finops-approver",
    "eva": "ethics-reviewer",
}


@pytest.fixture
def kms(monkeypatch):
    """KMS with a key of each person, by alias."""
    for name in ("sign", "verify"):
        monkeypatch.setattr(KmsResponse, name, getattr(KmsResponse, name))
        monkeypatch.setattr(ECDSAPrivateKey, name, getattr(ECDSAPrivateKey, name))
    take_digests_as_such()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("kms")
        for name in PEOPLE:
            create(client, name)
        yield client


def create(client, name, spec="ECC_NIST_P256"):
    made = client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    client.create_alias(AliasName=f"alias/{name}", TargetKeyId=made["KeyId"])
    return made["Arn"]


@pytest.fixture
def run(capsys):
    def command(*arguments, code=0):
        with pytest.raises(SystemExit) as ended:
            main([str(item) for item in arguments])
        found = capsys.readouterr()
        assert (ended.value.code or 0) == code, found
        return found.out + found.err

    return command


def write_list(place, **changes):
    text = (ROOT / "policy-pack/stacks.yaml").read_text()
    dev = read_yaml(text, name="stacks")["stacks"]["dev"] | changes
    (place.root / "policy-pack/stacks.yaml").write_text(dump_yaml({"stacks": {"dev": dev}}))


@pytest.fixture
def repository(kms, place, run, monkeypatch):
    """A repository whose trust was begun and signed by keys in KMS alone."""
    del kms
    monkeypatch.chdir(place.root)
    (place.root / "policy-pack/trust/dev.yaml").unlink()
    stacks = read_yaml((ROOT / "policy-pack/stacks.yaml").read_text(), name="stacks")["stacks"]
    (place.root / "policy-pack/stacks.yaml").write_text(
        dump_yaml({"stacks": {"dev": stacks["dev"]}})
    )
    people = [
        {"person": f"{name.title()} <{name}@example.com>", "keys": {role: f"awskms:alias/{name}"}}
        for name, role in PEOPLE.items()
    ]
    (place.root / "people.yaml").write_text(dump_yaml({"people": people}))
    new = ("trust", "new", "--environment", "dev", "--people", "people.yaml")
    run(*new, "--threshold", "root=2", "--threshold", "security=1")
    for name in ("ana", "ben"):
        run("trust", "sign", "--environment", "dev", "--key", f"awskms:alias/{name}", "--yes")
    return place


def test_a_trust_is_begun_and_changed_by_keys_in_kms(repository, run, kms):
    arn = create(kms, "dan-2")
    run("trust", "rotate", "dan@example.com", "--key", f"awskms:{arn}", "--environment", "dev")
    key = ("--key", "awskms:alias/ana", "--key", "awskms:alias/ben")
    assert "version 2" in run("trust", "sign", "--environment", "dev", *key, "--yes")
    text = (repository.root / "policy-pack/trust/dev.yaml").read_text()
    trust = load_trust(text, environment="dev", now=NOW)
    assert [trust.keys[key].owner for key in trust.active_keys("security")] == [
        "Dan <dan@example.com>"
    ]


def test_a_record_signed_by_a_key_in_kms_counts(repository, run):
    path = repository.drafts / "waiver.yaml"
    value = draft("waiver")
    term = {"issued": "2098-01-01T00:00:00Z", "expires": "2098-02-01T00:00:00Z"}
    value["predicate"] = {**value["predicate"], **term}
    path.write_text(dump_yaml(value))
    files = repository.files()
    refused = run("record", "sign", path, "--key", "awskms:alias/dan", code=2)
    assert "role ethics-reviewer" in refused
    assert repository.files() == files

    assert "it counts" in run("record", "sign", path, "--key", "awskms:alias/eva")
    (state,) = json.loads(run("record", "list", "--json"))
    assert (state["owners"], state["why"]) == (["Eva <eva@example.com>"], "")


def test_roots_are_signed_by_keys_in_kms(repository, run):
    run("migrate")
    for name in ("dan", "fay"):
        run("roots", "sign", "--key", f"awskms:alias/{name}", "--environment", "dev")
    assert json.loads(run("roots", "show", "--json"))["missing"] == []
    assert not (repository.root / "policy-pack/staged/stacks.yaml").exists()


def test_a_release_is_signed_by_keys_in_kms(repository, run, kms):
    for name in ("models", "usage", "policy-pack/config"):
        shutil.copytree(ROOT / name, repository.root / name)
    shutil.copy(ROOT / "policy-pack/trust/dev.yaml", repository.root / "policy-pack/trust/dev.yaml")
    keys = repository.keys / "release"
    init = ("release", "init", "--stack", "dev", "--signers", keys / "signers.yaml")
    run(*init)
    shutil.rmtree(repository.root / "releases")
    listed = read_yaml((keys / "signers.yaml").read_text(), name="signers")["signers"]
    for role in ("root", "targets", "models"):
        listed[role] = []
        for number in (1, 2):
            create(kms, f"{role}-{number}")
            listed[role].append(f"awskms:alias/{role}-{number}")
    (keys / "signers.yaml").write_text(dump_yaml({"signers": listed}))
    run(*init)
    first = (repository.root / "releases/dev/metadata/1.root.json").read_bytes()
    write_list(repository, releaseRoot=sha256_bytes(first))

    said = run("release", "sign", "--stack", "dev", "--signers", keys / "signers.yaml")
    assert "targets 1: 2 of 2 signatures\nmodels 1: 2 of 2 signatures" in said
    run("release", "publish", "--stack", "dev", "--signers", keys / "signers.yaml")
    released = read_releases(repository.root / "releases/dev")
    schemes = {key.scheme for key in released.root.signed.keys.values()}
    assert schemes == {"ecdsa-sha2-nistp256", "ed25519"}
    assert released.snapshot is not None


@pytest.mark.parametrize(
    ("key", "word"),
    [("alias/nobody", "NotFoundException"), ("alias/rsa", "scheme"), ("alias/p384", "scheme")],
)
def test_a_key_in_kms_that_cannot_sign_is_named_and_nothing_is_written(
    repository, run, kms, key, word
):
    create(kms, "rsa", "RSA_2048")
    create(kms, "p384", "ECC_NIST_P384")
    path = repository.draft("waiver")
    files = repository.files()
    said = run("record", "sign", path, "--key", f"awskms:{key}", code=2)
    assert (key in said, word in said, "Next:" in said) == (True, True, True), said
    assert repository.files() == files


def test_a_kms_without_a_region_is_named(repository, run, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    files = repository.files()
    said = run("record", "sign", repository.draft("waiver"), "--key", "awskms:alias/eva", code=2)
    assert ("region" in said, "Next:" in said) == (True, True), said
    assert repository.files() == files


@pytest.mark.parametrize("region", ["us-east-1", ""])
def test_the_arn_of_a_key_says_its_region(repository, run, monkeypatch, region):
    arn = boto3.client("kms").describe_key(KeyId="alias/eva")["KeyMetadata"]["Arn"]
    assert ":eu-central-1:" in arn
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    path = repository.draft("waiver")
    path.write_text(path.read_text().replace("2026-1", "2098-1"))
    assert "it counts" in run("record", "sign", path, "--key", f"awskms:{arn}")


def test_a_second_key_that_may_not_sign_leaves_nothing(repository, run, monkeypatch):
    """Whoever may read a public key and not sign: no half-signed file is left."""
    signed = []

    def sign(self):
        signed.append(self)
        if len(signed) == 2:
            raise AccessDeniedException("not authorized to perform: kms:Sign")
        return real(self)

    real = KmsResponse.sign
    monkeypatch.setattr(KmsResponse, "sign", sign)
    add = ("trust", "add", "Gus <gus@example.com>", "--role", "builder", "--environment", "dev")
    run("key", "new", "gus", "--folder", repository.keys)
    run(*add, "--key", repository.keys / "gus.pub")
    files = repository.files()
    keys = ("--key", "awskms:alias/ana", "--key", "awskms:alias/ben")
    said = run("trust", "sign", "--environment", "dev", *keys, "--yes", code=2)
    assert ("AccessDenied" in said, "Next:" in said) == (True, True), said
    assert repository.files() == files
