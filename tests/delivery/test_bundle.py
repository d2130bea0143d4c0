"""Application packages, checked against the sample repository."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mobile_ai.delivery.bundle import Bundle, verify_bundle
from mobile_ai.delivery.errors import ReleaseError
from mobile_ai.delivery.repository.folder import ReleaseHistory, read_releases
from mobile_ai.delivery.repository.release import RepositoryPaths, plan_release
from mobile_ai.delivery.repository.stack import read_deployments, read_trust

ROOT = Path(__file__).parents[2]
PLACES = RepositoryPaths(root=ROOT, stack="dev")
ARTIFACTS = {
    v: ROOT / f"models/digits/{v}/artifacts/digits-int8.tflite" for v in ("1.0.0", "1.1.0")
}
GOOD = Bundle(
    app="field-assistant",
    model="digits",
    app_version="4.2.0",
    root=ROOT / "releases/dev/metadata/1.root.json",
    embedded=ARTIFACTS["1.0.0"],
)
NOW = read_releases(ROOT / "releases/dev").root.signed.expires - timedelta(days=300)


def refused(bundle, *, places=PLACES, now=NOW, trust=None):
    """Return the checks that do not pass."""
    found = verify_bundle(bundle, places, now=now, trust=trust)
    return {item.check: item.found for item in found if not item.good}


def test_a_package_that_brings_what_the_repository_signed_is_fit():
    assert refused(GOOD) == {}


def test_another_root_is_refused(tmp_path):
    changed = tmp_path / "root.json"
    changed.write_bytes(GOOD.root.read_bytes() + b" ")
    assert list(refused(replace(GOOD, root=changed))) == ["trusted root"]
    assert list(refused(replace(GOOD, root=tmp_path / "none"))) == ["trusted root"]


def test_a_root_that_soon_expires_is_told():
    soon = NOW + timedelta(days=280)
    assert list(refused(GOOD, now=soon)) == ["root lifetime"]


def test_an_application_that_gets_no_release_is_told():
    assert list(refused(replace(GOOD, app_version="4.1.9"))) == ["app version"]
    assert list(refused(replace(GOOD, app="camera"))) == ["deployment"]


def test_an_embedded_model_that_nobody_vouched_for_is_refused(tmp_path):
    changed = tmp_path / "digits-int8.tflite"
    changed.write_bytes(GOOD.embedded.read_bytes()[:-1] + b"x")
    assert (
        "no artifact of any version" in refused(replace(GOOD, embedded=changed))["embedded model"]
    )
    assert list(refused(replace(GOOD, embedded=tmp_path / "none"))) == ["embedded model"]


def test_a_model_whose_fallback_is_embedded_must_be_embedded():
    assert "fallback: embedded" in refused(replace(GOOD, embedded=None))["embedded model"]


def test_a_revoked_version_is_not_embedded():
    (deployment,) = read_deployments(PLACES.stack_file)
    trust = read_trust(ROOT / "policy-pack", "dev")
    trust = replace(trust, revoked={deployment.previous.sha256: "bad labels"})
    assert "bad labels" in refused(GOOD, trust=trust)["embedded model"]


def test_a_halted_version_is_not_embedded(tmp_path):
    copy = tmp_path / "Pulumi.dev.yaml"
    text = PLACES.stack_file.read_text()
    copy.write_text(text.replace("stage: general", "stage: general\n        halted: true"))
    halted = replace(PLACES, config_file=copy)
    newest = replace(GOOD, embedded=ARTIFACTS["1.1.0"])
    assert list(refused(newest, places=halted)) == ["embedded model may run"]
    assert refused(GOOD, places=halted) == {}


def test_a_private_key_in_the_package_is_found(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/model").write_bytes(b"x")
    assert refused(replace(GOOD, folder=tmp_path)) == {}
    (tmp_path / "assets/key").write_text("-----BEGIN PRIVATE KEY-----")
    assert refused(replace(GOOD, folder=tmp_path)) == {"private keys": "in assets/key"}
    assert list(refused(replace(GOOD, folder=tmp_path / "none"))) == ["private keys"]


def test_a_repository_without_releases_is_an_error():
    with pytest.raises(ReleaseError, match="release init"):
        verify_bundle(GOOD, RepositoryPaths(root=ROOT, stack="prod"), now=NOW)


def test_under_an_expired_trust_only_what_was_released_is_embedded(monkeypatch):
    trust = replace(read_trust(ROOT / "policy-pack", "dev"), expired=True)
    assert refused(GOOD, trust=trust) == {}
    assert plan_release(PLACES, trust=trust).changes == ()
    (deployment,) = read_deployments(PLACES.stack_file)
    released = ReleaseHistory.lists
    monkeypatch.setattr(
        ReleaseHistory,
        "lists",
        lambda self, pin: pin != deployment.previous.sha256 and released(self, pin),
    )
    assert "which expired on" in refused(GOOD, trust=trust)["embedded model"]
    with pytest.raises(ReleaseError, match="which expired on"):
        plan_release(PLACES, trust=trust)
