"""The key ceremony signs everything with fresh keys and installs only what verifies."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.errors import VerificationError
from mobile_ai.contracts.predicates import USAGE
from mobile_ai.contracts.statements import load_record
from mobile_ai.contracts.trust import load_trust
from mobile_ai.model_build.approve import ApprovalError
from mobile_ai.model_build.ceremony import (
    LIFETIME,
    ROLES,
    Ceremony,
    CeremonyError,
    Sample,
    fresh_keys,
    hold_ceremony,
    load_samples,
    trust_text,
)
from mobile_ai.model_build.results import ParentRef
from mobile_ai.model_build.verify import verify_version
from mobile_ai.model_build.writer import MANIFEST_FILE
from tests.model_build.versions import NOW, assessment, build_result, report_on

pytestmark = pytest.mark.build


def make_of(folder: Path):
    """Return a build function for 1.0.0 and its fine-tuned 1.1.0, without TensorFlow."""

    def made(recipe: Path):
        def make():
            build = build_result(folder / recipe.stem, version=recipe.stem)
            if recipe.stem == "1.1.0":
                parent = ParentRef(model="digits", version="1.0.0", sha256=build.variants[0].sha256)
                build = dataclasses.replace(build, parent=parent)
            return build, report_on(build)

        return make

    return made


@pytest.fixture
def plan(tmp_path) -> Ceremony:
    answers = tmp_path / "answers.yaml"
    answers.write_text(dump_yaml(assessment().model_dump(mode="json", by_alias=True)))
    records = tmp_path / "records"
    records.mkdir()
    draft = {
        "role": "operations",
        "path": "usage/dev/field-assistant.yaml",
        "predicateType": USAGE,
        "predicate": {
            "app": "field-assistant",
            "stack": "dev",
            "basis": "measurement",
            "monthlyActiveDevices": 1000,
            "updatesPerMonth": 1,
            "requestsPerSecond": 1,
            "issued": NOW.isoformat(),
            "expires": (NOW + timedelta(days=400)).isoformat(),
        },
    }
    (records / "usage.yaml").write_text(dump_yaml(draft))
    return Ceremony(
        anchors=("dev", "prod"),
        samples=tuple(
            Sample(recipe=tmp_path / f"{version}.yaml", assessment=answers)
            for version in ("1.0.0", "1.1.0")
        ),
        root=tmp_path / "repository",
        models=tmp_path / "repository" / "models",
        trust=tmp_path / "repository" / "trust",
        records=records,
        reports=tmp_path / "reports",
        make=make_of(tmp_path / "work"),
    )


@pytest.fixture
def held(plan):
    lines: list[str] = []
    return plan, hold_ceremony(plan, now=NOW, progress=lines.append), lines


def test_no_trust_with_living_root_keys_is_written_over(plan):
    plan.trust.mkdir(parents=True)
    path = plan.trust / "prod.yaml"
    path.write_text("predicateType: urn:mobile-ai:trust:v1\n")
    with pytest.raises(CeremonyError, match="a trust file that was begun"):
        hold_ceremony(plan, now=NOW, progress=lambda _: None)
    assert [item.name for item in plan.trust.iterdir()] == ["prod.yaml"]
    assert path.read_text() == "predicateType: urn:mobile-ai:trust:v1\n"


def trust_in(plan, environment):
    text = (plan.trust / f"{environment}.yaml").read_text()
    return load_trust(text, environment=environment, now=NOW)


def test_every_version_verifies_under_every_anchor(held):
    plan, outcome, _ = held
    for environment in ("dev", "prod"):
        for version in outcome.versions:
            path = version.folder / MANIFEST_FILE
            assert verify_version(path, trust=trust_in(plan, environment), pin=version.sha256).ok


def test_a_fine_tune_names_its_parents_manifest(held):
    _, (first, second), _ = (held[0], held[1].versions, held[2])
    assert second.manifest.lineage.parent.sha256 == first.sha256


def test_records_are_signed_by_the_role_of_their_draft(held):
    plan, outcome, _ = held
    assert outcome.records == (plan.root / "usage/dev/field-assistant.yaml",)
    envelope = load_record(outcome.records[0].read_text(), name="usage")
    trust = trust_in(plan, "prod")
    assert trust.verify(envelope, role="operations", name="usage").predicate["app"] == (
        "field-assistant"
    )
    with pytest.raises(VerificationError):
        trust.verify(envelope, role="finops-approver", name="usage")


def test_environments_share_role_keys_and_never_a_root_key(held):
    plan, _, _ = held
    dev, prod = trust_in(plan, "dev"), trust_in(plan, "prod")
    assert dev.roles["builder"] == prod.roles["builder"]
    assert not dev.roles["root"].keyids & prod.roles["root"].keyids
    assert (dev.roles["root"].threshold, len(dev.roles["root"].keyids)) == (2, 2)


def test_every_role_has_its_own_key(held):
    plan, _, _ = held
    roles = trust_in(plan, "dev").roles
    assert set(roles) == {"root", *ROLES}
    keyids = [keyid for role in roles.values() for keyid in role.keyids]
    assert len(keyids) == len(set(keyids))


def test_no_private_key_is_written_anywhere(plan, tmp_path):
    hold_ceremony(plan, now=NOW, progress=print)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"PRIVATE" not in path.read_bytes(), path


def test_only_the_anchors_named_are_written(plan):
    outcome = hold_ceremony(dataclasses.replace(plan, anchors=("dev",)), now=NOW, progress=print)
    assert [path.name for path in outcome.trust] == ["dev.yaml"]
    assert not (plan.trust / "prod.yaml").exists()


def test_a_second_ceremony_replaces_the_first(held, plan):
    _, first, _ = held
    second = hold_ceremony(plan, now=NOW, progress=print)
    assert second.versions[0].sha256 != first.versions[0].sha256
    path = second.versions[0].folder / MANIFEST_FILE
    assert verify_version(path, trust=trust_in(plan, "dev")).ok


def test_a_ceremony_that_cannot_finish_leaves_everything_as_it_was(plan, tmp_path):
    bad = tmp_path / "bad.yaml"
    value = assessment(risk_class="high").model_dump(mode="json", by_alias=True)
    bad.write_text(dump_yaml(value))
    samples = (plan.samples[0], dataclasses.replace(plan.samples[1], assessment=bad))
    with pytest.raises(ApprovalError, match="risk class"):
        hold_ceremony(dataclasses.replace(plan, samples=samples), now=NOW, progress=print)
    assert not plan.root.exists()


def test_only_the_variants_to_ship_are_in_the_version(plan):
    samples = (dataclasses.replace(plan.samples[0], ship=("int8",)),)
    outcome = hold_ceremony(dataclasses.replace(plan, samples=samples), now=NOW, progress=print)
    variants = [item.variant for item in outcome.versions[0].manifest.artifacts]
    assert variants == ["fp32", "int8"]  # the reference is always shipped


def test_no_anchor_is_an_error(plan):
    with pytest.raises(CeremonyError, match="at least one environment"):
        hold_ceremony(dataclasses.replace(plan, anchors=()), now=NOW, progress=print)


def test_a_trust_file_says_that_its_keys_are_gone():
    text = trust_text("dev", fresh_keys("dev"), expires=NOW + LIFETIME)
    assert text.startswith("# Made by `mobile-ai model samples`.")
    assert load_trust(text, environment="dev", now=NOW).version == 1


@pytest.mark.parametrize("text", ["samples: []", "samples: [{recipe: x}]", "other: 1"])
def test_a_list_of_samples_in_another_form_is_refused(tmp_path, text):
    (tmp_path / "samples.yaml").write_text(text)
    with pytest.raises(CeremonyError):
        load_samples(tmp_path / "samples.yaml")
