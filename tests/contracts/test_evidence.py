"""A model version is verified against its signed evidence, or refused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mobile_ai.contracts.canonical import manifest_digest, sha256_text
from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.evidence import verify_model
from mobile_ai.testing import Signers, make_version
from mobile_ai.testing.signing import make_trust
from mobile_ai.testing.version import SampleVersion

SIGNERS = Signers.shared()
TRUST = make_trust(SIGNERS, environment="dev")
GOOD = make_version(SIGNERS)
OTHER = make_version(SIGNERS, version="9.9.9")


def verify(version: SampleVersion = GOOD, **changes: Any) -> object:
    arguments = {"pin": version.sha256, "trust": TRUST, **changes}
    text = arguments.pop("manifest", version.manifest)
    evidence = arguments.pop("evidence", version.evidence)
    return verify_model(text, evidence, **arguments)


def refused(**changes: Any) -> str:
    with pytest.raises(GovernanceError) as caught:
        verify(**changes)
    return str(caught.value)


def test_a_signed_version_verifies() -> None:
    model = verify_model(GOOD.manifest, GOOD.evidence, pin=GOOD.sha256, trust=TRUST)

    assert GOOD.artifact in model.digests
    assert model.expiry("assessment") == datetime(2036, 1, 1, tzinfo=UTC)


def test_another_pin_is_refused() -> None:
    assert "sha256" in refused(pin="0" * 64)


def test_a_manifest_edited_by_hand_with_its_pin_renewed_is_refused() -> None:
    edited = GOOD.manifest.replace("value: 0.97", "value: 0.99")

    assert "changed after signing" in refused(manifest=edited, pin=sha256_text(edited))


@pytest.mark.parametrize("kind", ["provenance", "evaluation", "assessment"])
def test_missing_evidence_is_refused(kind: str) -> None:
    left = {name: text for name, text in GOOD.evidence.items() if name != kind}

    assert kind in refused(evidence=left)


@pytest.mark.parametrize("kind", ["provenance", "evaluation", "assessment", "bom"])
def test_evidence_of_another_version_is_refused(kind: str) -> None:
    assert kind in refused(evidence={**GOOD.evidence, kind: OTHER.evidence[kind]})


def test_a_bill_of_materials_that_the_builder_did_not_sign_is_refused() -> None:
    swapped = OTHER.evidence["bom"]
    edited = GOOD.manifest.replace(sha256_text(GOOD.evidence["bom"]), sha256_text(swapped))
    evidence = {**GOOD.evidence, "bom": swapped}

    message = refused(manifest=edited, pin=sha256_text(edited), evidence=evidence)
    assert "bom: got not a subject of the provenance" in message


def test_a_version_signed_by_strangers_is_refused() -> None:
    assert "unknown key" in refused(version=make_version(Signers.fresh()))


def test_a_revoked_version_is_refused_by_either_digest() -> None:
    for digest in (GOOD.sha256, manifest_digest(GOOD.values)):
        assert "recalled" in refused(trust=replace(TRUST, revoked={digest: "recalled"}))


@pytest.mark.parametrize("state", ["superseded", "compromised"])
def test_a_key_that_does_not_count_any_more_is_named(state: str) -> None:
    trust = make_trust(SIGNERS, environment="dev", states={"evaluator": state})

    assert state in refused(trust=trust)


def test_a_superseded_key_still_counts_for_a_released_version() -> None:
    trust = make_trust(SIGNERS, environment="dev", states={"builder": "superseded"})

    assert verify(trust=trust, released=True)
