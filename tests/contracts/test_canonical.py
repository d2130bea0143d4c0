"""Canonical bytes follow RFC 8785."""

import pytest

from mobile_ai.contracts.canonical import (
    canonical_bytes,
    manifest_digest,
    parse_sha256,
    sha256_text,
)
from mobile_ai.contracts.errors import DocumentError


def test_the_example_of_the_rfc_has_its_bytes() -> None:
    value = {"numbers": [333333333.33333329, 1e30, 4.50, 2e-3], "literals": [None, True, False]}

    expected = b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002]}'
    assert canonical_bytes(value) == expected


def test_order_of_keys_does_not_matter() -> None:
    assert canonical_bytes({"b": 1, "a": 2}) == canonical_bytes({"a": 2, "b": 1})


def test_a_number_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(DocumentError):
        canonical_bytes(float("nan"))


def test_the_manifest_digest_leaves_out_evidence_only() -> None:
    plain = manifest_digest({"a": 1})

    assert manifest_digest({"a": 1, "evidence": [1]}) == plain
    assert manifest_digest({"a": 2}) != plain


def test_a_text_is_hashed_as_utf8() -> None:
    assert sha256_text("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


@pytest.mark.parametrize(
    "value",
    ["../x", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "\u0660" * 64, "", None, 7, b"0" * 64],
)
def test_a_digest_has_one_spelling(value: object) -> None:
    with pytest.raises(DocumentError, match=r"here: got .*; expected a SHA-256 digest"):
        parse_sha256(value, name="here")


def test_a_digest_is_given_back() -> None:
    assert parse_sha256("0a" * 32, name="here") == "0a" * 32
