"""The table of predicate types is closed, and what it says is what is verified."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.errors import GovernanceError, VerificationError
from mobile_ai.contracts.predicates import (
    PREDICATES,
    ROLES,
    USAGE_LIFE,
    UsagePredicate,
    type_named,
)
from mobile_ai.contracts.records import verify_record
from mobile_ai.contracts.statements import (
    Statement,
    Subject,
    load_record,
    sign_statement,
    statement_of,
)
from mobile_ai.delivery.halts import LiftDocument
from mobile_ai.signing.schemas import record_schema
from tests.signing.examples import EXAMPLES, draft, example_trust, record, role_of, signer

GOLDEN = Path(__file__).parent / "golden"
TRUST = example_trust()
MODELLED = [row.name for row in PREDICATES.values() if row.model is not None]
SIGNED = [name for name in MODELLED if type_named(name).signed_by == "trust"]


def test_every_type_has_a_model_but_those_with_a_reader_of_their_own():
    rest = {row.name: row.reader for row in PREDICATES.values() if row.model is None}
    assert set(rest) == {"roots", "assessment-scope"}
    assert all(rest.values())
    assert set(EXAMPLES) == set(MODELLED)


@pytest.mark.parametrize("name", SIGNED)
def test_the_bytes_of_an_example_do_not_change(name):
    assert record(name) == (GOLDEN / f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", SIGNED)
def test_an_example_counts_for_its_role_and_no_other(name):
    envelope = load_record(record(name), name=name)
    assert verify_record(envelope, name=name, trust=TRUST).role == role_of(name)
    for role in sorted(ROLES - {role_of(name)}):
        with pytest.raises(VerificationError):
            TRUST.verify(envelope, role=role, name=name)


@pytest.mark.parametrize("name", SIGNED)
def test_an_example_signed_as_another_role_counts_for_none(name):
    row = type_named(name)
    for role in sorted(ROLES - set(row.roles)):
        statement = statement_of(row.uri, EXAMPLES[name])
        with pytest.raises(VerificationError):
            verify_record(sign_statement(statement, [signer(role)]), name=name, trust=TRUST)


@pytest.mark.parametrize("name", SIGNED)
def test_a_missing_unknown_or_wrong_field_is_refused_by_name(name):
    row = type_named(name)
    is_open = name == "provenance"  # SLSA is open
    example = EXAMPLES[name]
    changes = [(key, {k: v for k, v in example.items() if k != key}) for key in required(row)]
    changes += [
        (key, {**example, key: None}) for key in required(row) if key not in {"before", "gate"}
    ]
    changes += [] if is_open else [("more", {**example, "more": 1})]
    for key, predicate in changes:
        statement = statement_of(row.uri, predicate, subjects=about(row, name))
        envelope = sign_statement(statement, [signer(role_of(name))])
        with pytest.raises(VerificationError, match=key):
            verify_record(envelope, name="a file", trust=TRUST)


def required(row):
    return [str(item.alias) for item in row.model.model_fields.values() if item.is_required()]


def about(row, name):
    return load_subjects(name) if row.about else ()


def load_subjects(name):
    return Statement.from_payload(load_record(record(name), name=name).payload, name=name).subjects


@pytest.mark.parametrize("name", [row.name for row in PREDICATES.values() if row.life])
def test_a_record_that_lasts_longer_than_its_type_allows_does_not_count(name):
    row = type_named(name)
    for extra, counts in ((timedelta(0), True), (timedelta(seconds=1), False)):
        expires = datetime(2026, 11, 30, tzinfo=UTC) + row.life + extra
        statement = statement_of(row.uri, {**EXAMPLES[name], "expires": expires.isoformat()})
        envelope = sign_statement(statement, [signer(role_of(name))])
        if counts:
            assert verify_record(envelope, name="x", trust=TRUST)
        else:
            with pytest.raises(VerificationError, match="expires"):
                verify_record(envelope, name="x", trust=TRUST)


@pytest.mark.parametrize("name", ["image", "device-report", "revocation"])
def test_what_a_predicate_is_about_is_among_its_subjects(name):
    other = (Subject("another", "9" * 64),) if name != "revocation" else ()
    statement = statement_of(type_named(name).uri, EXAMPLES[name], subjects=other)
    with pytest.raises(VerificationError, match="subject"):
        verify_record(sign_statement(statement, [signer(role_of(name))]), name="x", trust=TRUST)


@pytest.mark.parametrize("name", ["usage", "waiver", "gate"])
@pytest.mark.parametrize(
    "moment", [1764460800, "1764460800", "2026-11-30", "2026-11-30T00:00:00", "tomorrow", None]
)
def test_a_time_is_written_with_its_zone(name, moment):
    key = "at" if name == "gate" else "issued"
    statement = statement_of(type_named(name).uri, {**EXAMPLES[name], key: moment})
    with pytest.raises(VerificationError, match=key):
        verify_record(sign_statement(statement, [signer(role_of(name))]), name="x", trust=TRUST)


def test_a_type_that_is_not_listed_is_refused():
    statement = statement_of("urn:mobile-ai:unheard-of:v1", {})
    with pytest.raises(GovernanceError, match="unheard-of"):
        verify_record(sign_statement(statement, [signer("security")]), name="x", trust=TRUST)


def test_a_lift_is_the_document_that_a_release_signs_and_no_record():
    assert LiftDocument.model_validate_json(json.dumps(EXAMPLES["lift"])).lifted
    statement = statement_of(type_named("lift").uri, EXAMPLES["lift"])
    for role in ("security", "root"):
        with pytest.raises(VerificationError):
            verify_record(sign_statement(statement, [signer(role)]), name="x", trust=TRUST)
    assert "models" not in ROLES


@pytest.mark.parametrize("name", MODELLED)
def test_an_example_follows_its_published_schema(name):
    schema = record_schema(name)
    jsonschema.validate(EXAMPLES[name], schema)
    assert schema["title"]
    if name != "provenance":
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**EXAMPLES[name], "more": 1}, schema)


@given(
    issued=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    days=st.integers(0, 5000),
)
def test_a_usage_record_without_expiry_counts_for_its_life_and_no_longer(issued, days):
    start = issued.replace(tzinfo=UTC)
    values = {key: value for key, value in EXAMPLES["usage"].items() if key != "period"}
    del values["expires"]
    usage = UsagePredicate.model_validate_json(json.dumps({**values, "issued": start.isoformat()}))
    now = start + timedelta(days=days)
    assert usage.counts(now) == (now < start + USAGE_LIFE)


def test_a_usage_record_of_a_month_without_expiry_counts_from_the_month_s_end():
    values = {key: value for key, value in EXAMPLES["usage"].items() if key != "expires"}
    usage = UsagePredicate.model_validate_json(json.dumps({**values, "period": "2026-12"}))
    assert usage.ends == datetime(2027, 1, 1, tzinfo=UTC) + USAGE_LIFE


def test_drafted_types_have_a_folder():
    for row in PREDICATES.values():
        assert row.folder or not row.drafted
        assert not row.drafted or draft(row.name)["path"]
