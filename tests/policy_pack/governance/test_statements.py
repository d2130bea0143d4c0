"""Statements round-trip through both serializations."""

import json

import pytest

from mobile_ai.contracts.errors import DocumentError
from mobile_ai.contracts.predicates import WAIVER
from mobile_ai.contracts.statements import (
    Statement,
    Subject,
    dump_envelope,
    dump_record,
    load_envelope,
    load_record,
    record_envelope,
    sign_statement,
    statement_of,
)
from mobile_ai.testing import Signers

SIGNER = Signers.shared().by_role["security"]
SUBJECT = Subject("x", "0" * 64)
STATEMENT = statement_of(WAIVER, {"rule": "x", "days": 3}, subjects=[SUBJECT])


def test_an_envelope_is_read_back() -> None:
    envelope = sign_statement(STATEMENT, [SIGNER])

    assert load_envelope(dump_envelope(envelope), name="x").payload == envelope.payload


def test_a_record_stands_for_the_same_payload() -> None:
    envelope = sign_statement(STATEMENT, [SIGNER])

    assert load_record(dump_record(envelope), name="x").payload == envelope.payload


def test_comments_and_layout_of_a_record_do_not_matter() -> None:
    text = dump_record(sign_statement(STATEMENT, [SIGNER]))

    assert load_record(f"# why\n\n{text}", name="x").payload == load_record(text, name="x").payload


def test_a_statement_without_subject_is_about_its_own_predicate() -> None:
    assert len(statement_of(WAIVER, {"a": 1}).digests) == 1


def test_a_statement_is_read_back_from_its_payload() -> None:
    payload = json.dumps(STATEMENT.to_dict()).encode()

    assert Statement.from_payload(payload, name="x") == STATEMENT


def test_a_statement_needs_a_signer() -> None:
    with pytest.raises(ValueError, match="signer"):
        sign_statement(STATEMENT, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("subject", []),
        ("subject", [{"name": "x", "digest": {"sha1": "0"}}]),
        ("subject", [{"name": "x", "digest": {"sha256": "short"}}]),
        ("subject", [{"name": 7, "digest": {"sha256": "0" * 64}}]),
        ("predicate", []),
        ("predicateType", 1),
    ],
)
def test_a_payload_that_is_no_statement_is_refused(field: str, value: object) -> None:
    payload = json.dumps({**STATEMENT.to_dict(), field: value}).encode()

    with pytest.raises(DocumentError):
        Statement.from_payload(payload, name="x")


def test_a_payload_that_is_no_text_is_refused() -> None:
    with pytest.raises(DocumentError, match="not UTF-8"):
        Statement.from_payload(b"\xff", name="x")


@pytest.mark.parametrize("signatures", [[7], [{"keyid": "a"}], [{"keyid": "a", "sig": "zz"}], None])
def test_a_record_whose_signatures_cannot_be_read_is_refused(signatures: object) -> None:
    record = {**STATEMENT.to_dict(), "signatures": signatures}
    del record["_type"]

    with pytest.raises(DocumentError, match="signatures: "):
        record_envelope(record, name="x")


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"payload": 1}', "not JSON", '{"payload": "*", "payloadType": "x"}']
)
def test_a_text_that_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        load_envelope(text, name="x")


@pytest.mark.parametrize("text", ["a: 1", "[]", "predicateType: x"])
def test_a_text_that_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        load_record(text, name="x")
