"""A record counts in one place: the same answer from every command."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from mobile_ai.contracts.canonical import manifest_digest
from mobile_ai.contracts.manifest import read_manifest
from mobile_ai.contracts.predicates import ASSESSMENT_SCOPE
from mobile_ai.contracts.statements import Statement, Subject, dump_record, sign_statement
from mobile_ai.governance.rules import catalogue
from mobile_ai.governance.waiver_rules import why_of_no_use
from mobile_ai.model_build.verify import verify_version
from mobile_ai.signing.drafts import check_fit, load_draft
from mobile_ai.signing.errors import SigningError
from mobile_ai.signing.records import sign_record
from mobile_ai.signing.roles import signer_from_uri
from mobile_ai.signing.states import file_state, list_records
from tests.signing.conftest import ROOT
from tests.signing.examples import EXAMPLES, NOW, draft, example_trust, signer

OLD, NEW = (f"models/digits/{version}" for version in ("1.0.0", "1.1.0"))


def unfit(record):
    return why_of_no_use(record, catalogue())


def scope_of(folder, **changes):
    text = (ROOT / folder / "manifest.yaml").read_text("utf-8")
    manifest, values = read_manifest(text, name="manifest.yaml")
    metadata = manifest.metadata
    predicate = {
        **EXAMPLES["assessment-scope"],
        "model": metadata.name,
        "version": metadata.version,
        "riskClass": metadata.risk_class,
        **changes,
    }
    subject = (Subject("manifest.yaml", manifest_digest(values)),)
    statement = Statement(ASSESSMENT_SCOPE, subject, predicate)
    return dump_record(sign_statement(statement, [signer("ethics-reviewer")]))


@pytest.fixture
def models(place):
    for version in (OLD, NEW):
        shutil.copytree(ROOT / version, place.root / version)
    return place


def put(place, folder, text, name="second.yaml"):
    path = place.root / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def states(place):
    found = list_records(place.root, now=NOW, unfit=unfit)
    return {item.path: (item.counts, item.why) for item in found}


def scope_findings(place, version):
    trust = example_trust("dev")
    done = verify_version(place.root / version / "manifest.yaml", trust=trust)
    return [item.problem for item in done.findings if item.where.startswith("scope/")]


def test_a_scope_is_listed_and_counts_beside_its_version(models):
    path = put(models, f"{OLD}/scope", scope_of(OLD))

    state = file_state(path, name=str(path), trust=example_trust("dev"), now=NOW)

    assert state.counts, state.why
    assert states(models) == {f"{OLD}/scope/second.yaml": (True, "")}
    assert scope_findings(models, OLD) == []


@pytest.mark.parametrize("folder", [f"{NEW}/scope", "build"])
def test_a_scope_that_was_moved_is_refused_everywhere(models, folder):
    path = put(models, folder, scope_of(OLD))

    state = file_state(path, name=str(path), trust=example_trust("dev"), now=NOW)

    assert (state.state, "got a scope of digits 1.0.0" in state.why) == ("refused", True)
    if folder == "build":
        return
    ((counts, why),) = states(models).values()
    assert (counts, "got a scope of digits 1.0.0" in why) == (False, True)
    assert len(scope_findings(models, NEW)) == 1


@pytest.mark.parametrize("field", [{"version": "2.0.0"}, {"model": "other"}, {"riskClass": "high"}])
def test_a_scope_that_says_another_version_is_refused_everywhere(models, field):
    path = put(models, f"{OLD}/scope", scope_of(OLD, **field))

    assert not file_state(path, name=str(path), trust=example_trust("dev"), now=NOW).counts
    assert len(scope_findings(models, OLD)) == 1


def test_a_scope_by_no_key_of_any_trust_is_listed_as_refused(models):
    text = scope_of(OLD)
    shutil.rmtree(models.root / "policy-pack/trust")
    put(models, f"{OLD}/scope", text)

    ((counts, why),) = states(models).values()

    assert (counts, "Next:" in why) == (False, True)


@pytest.mark.parametrize(
    "folder",
    ["images/old", "images", "policy-pack/waivers/old", "usage", "approvals/gone", "rates/gone"],
)
def test_a_record_where_nothing_reads_is_listed_as_refused(place, folder):
    put(place, folder, "a: b\n", name="stray.yaml")

    ((path, (counts, why)),) = states(place).items()

    assert (path, counts) == (f"{folder}/stray.yaml", False)
    assert "a record that no stack reads" in why


WAIVER = draft("waiver")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "no-such-rule"}, "no rule 'no-such-rule'"),
        ({"rule": "identity-bounded"}, "waived by nobody"),
        ({"expires": "2027-12-01T00:00:00Z"}, "at most"),
    ],
)
def test_a_waiver_that_no_judge_takes_is_neither_signed_nor_counted(place, changes, said):
    predicate = {**WAIVER["predicate"], **changes}
    asked = load_draft(place.draft("waiver", predicate=predicate))

    with pytest.raises(SigningError, match=said):
        check_fit(asked, unfit, name="waiver.yaml")

    row = replace(asked.row, life=None)  # as a signer of an earlier version took it
    key = signer_from_uri(place.key(asked.role), role=asked.role)
    sign_record(
        replace(asked, row=row), [key], trust=example_trust("dev"), root=place.root, now=NOW
    )
    ((counts, why),) = states(place).values()
    assert (counts, said in why) == (False, True)


def test_a_waiver_of_a_waivable_rule_is_signed_and_counts(place):
    asked = load_draft(place.draft("waiver"))

    check_fit(asked, unfit, name="waiver.yaml")

    key = signer_from_uri(place.key(asked.role), role=asked.role)
    sign_record(asked, [key], trust=example_trust("dev"), root=place.root, now=NOW)
    ((counts, why),) = states(place).values()
    assert counts, why
