"""A predicate is refused by the field that is wrong, and one bad record costs no other."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.predicates import (
    FreezePredicate,
    WaiverPredicate,
    check_role,
    read_predicate,
    type_named,
)
from mobile_ai.contracts.records import read_records
from mobile_ai.contracts.statements import (
    Statement,
    Subject,
    dump_record,
    sign_statement,
    statement_of,
)
from tests.signing.examples import EXAMPLES, example_trust, record, role_of, signer

ISSUED = EXAMPLES["waiver"]["issued"]
URN, SHA = EXAMPLES["waiver"]["urn"], "a" * 64
OTHER = Subject("digits", SHA)
TRUST = example_trust()


def uri(name: str) -> str:
    row = type_named(name)
    assert row is not None
    return row.uri


def changed(name: str, **changes: Any) -> Statement:
    """Return the statement of an example with some fields changed, or left out where `None`."""
    kept = {key: value for key, value in {**EXAMPLES[name], **changes}.items() if value is not None}
    row = type_named(name)
    return statement_of(uri(name), kept, subjects=[OTHER] if row and row.about else [])


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("waiver", {"digest": SHA}, "either a urn or a digest"),
        ("waiver", {"urn": None}, "either a urn or a digest"),
        ("waiver", {"urn": "urn:*"}, "urn"),
        ("waiver", {"rule": "*"}, "rule"),
        ("waiver", {"reason": " "}, "reason"),
        ("freeze", {"expires": ISSUED}, "expires before it is issued"),
        ("usage", {"expires": ISSUED}, "expires before it is issued"),
        ("usage", {"basis": "assumption"}, "an assumption needs a reason"),
        ("usage", {"period": "2026-13"}, "period"),
        ("usage", {"requestsPerSecond": -1}, "requestsPerSecond"),
        ("usage", {"updatesPerMonth": "8"}, "updatesPerMonth"),
        ("exception", {"monthlyUsd": "-1"}, "from 0 to"),
        ("exception", {"monthlyUsd": "NaN"}, "from 0 to"),
        ("exception", {"monthlyUsd": "1e13"}, "from 0 to"),
        ("exception", {"monthlyUsd": "a lot"}, "decimal number"),
        ("rates", {"rates": {"EUR": "0"}}, "EUR are not above 0"),
        ("rates", {"rates": {"USD": "1"}}, "names? USD"),
        ("rates", {"rates": {"EUR": "1,1"}}, "rates"),
        ("deployed", {"sequence": 1}, "first link"),
        ("deployed", {"before": None}, "before"),
        ("assessment", {"humanOversight": "the team"}, "humanOversight"),
        ("assessment", {"decision": "maybe"}, "decision"),
    ],
)
def test_a_wrong_field_is_named_with_its_next_step(
    name: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DocumentError, match=message) as refused:
        read_predicate(changed(name, **changes), name="a file")
    assert "a file" in refused.value.what
    assert "mobile-ai schema record" in refused.value.next_step


def test_the_later_links_of_a_chain_name_the_one_before() -> None:
    statement = statement_of(uri("deployed"), {**EXAMPLES["deployed"], "before": None})
    with pytest.raises(DocumentError, match="first link"):
        read_predicate(statement, name="a file")


@pytest.mark.parametrize(
    ("role", "basis"), [("operations", "assumption"), ("finops-approver", "measurement")]
)
def test_who_measures_does_not_assume(role: str, basis: str) -> None:
    statement = changed("usage", basis=basis, reason="as planned")
    with pytest.raises(DocumentError, match=f"'{basis}' signed as {role}"):
        check_role(statement, role, name="a file")


def test_there_is_no_type_of_another_name() -> None:
    assert type_named("blessing") is None


moments = st.integers(-3, 3).map(lambda days: datetime(2026, 11, 30, tzinfo=UTC) + timedelta(days))


@given(issued=moments, expires=moments, now=moments)
def test_a_freeze_counts_from_its_issue_until_it_expires(
    issued: datetime, expires: datetime, now: datetime
) -> None:
    values = {"issued": issued.isoformat(), "expires": expires.isoformat()}
    text = json.dumps({**EXAMPLES["freeze"], **values})
    if expires <= issued:
        with pytest.raises(ValueError, match="before it is issued"):
            FreezePredicate.model_validate_json(text)
    else:
        assert FreezePredicate.model_validate_json(text).counts(now) == (issued <= now < expires)


def test_a_waiver_is_for_the_urn_or_the_digest_that_it_names() -> None:
    for changes, target in (({}, URN), ({"urn": None, "digest": SHA}, SHA)):
        found = read_predicate(changed("waiver", **changes), name="a file")
        assert isinstance(found, WaiverPredicate)
        assert found.target == target


CARRIED = ("waiver", "exception", "usage", "revocation", "gate", "assessment-scope")


def test_records_are_found_by_what_rules_ask_for() -> None:
    found = read_records([(name, record(name)) for name in CARRIED], trust=TRUST)

    assert found.refused == ()
    assert [item.name for item in found.waivers["parity-kept"]] == ["waiver"]
    assert [item.content.budget for item in found.exceptions] == ["stack"]
    assert [item.role for item in found.usage["dev", "field-assistant"]] == ["operations"]
    assert set(found.revoked.values()) == {EXAMPLES["revocation"]["reason"]}
    assert [item.content.model for item in found.scopes] == ["digits"]
    assert found.released == found.by_type[uri("gate")][0].statement.digests


def signed(statement: Statement, role: str) -> str:
    return dump_record(sign_statement(statement, [signer(role)]))


BAD = {
    "no record": "a: 1",
    "no YAML": "a: [",
    "by nobody who may": signed(changed("waiver"), "builder"),
    "by a stranger": signed(changed("waiver"), "stranger"),
    "wrong field": signed(changed("waiver", ticket=None), role_of("waiver")),
    "not carried": record("rates"),
    "unknown type": signed(statement_of("urn:other:v1", {}), "security"),
    "about nothing": signed(statement_of(uri("revocation"), EXAMPLES["revocation"]), "security"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_record_that_does_not_count_is_named_and_costs_no_other(case: str) -> None:
    found = read_records([("bad.yaml", BAD[case]), ("good.yaml", record("waiver"))], trust=TRUST)

    assert [item.name for item in found.waivers["parity-kept"]] == ["good.yaml"]
    [refused] = found.refused
    assert "bad.yaml" in str(refused)
    assert refused.next_step


def test_a_role_that_the_trust_does_not_have_signs_nothing() -> None:
    without = replace(TRUST, roles={"root": TRUST.roles["root"]})
    [refused] = read_records([("waiver", record("waiver"))], trust=without).refused

    assert "got no such role" in str(refused)


def test_subjects_name_what_a_record_revokes() -> None:
    text = signed(changed("revocation"), role_of("revocation"))
    found = read_records([("x", text)], trust=TRUST)

    assert dict(found.revoked) == {SHA: EXAMPLES["revocation"]["reason"]}
