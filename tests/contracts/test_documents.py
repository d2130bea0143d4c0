"""Documents are parsed as JSON values, strictly and with limits."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.documents import (
    dump_yaml,
    read_json,
    read_yaml,
    read_yaml_documents,
)
from mobile_ai.contracts.errors import DocumentError

ROOT = Path(__file__).resolve().parents[2]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_what_is_dumped_is_read_back(value: object) -> None:
    assert read_yaml(dump_yaml(value), name="x") == value


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x",
        "a: 1\na: 2",
        "1: a",
        "a: [",
        "--- 1\n--- 2",
        "",
        "a: " + "[" * 60 + "]" * 60,
        "!!python/object:os.system x",
        "x" * 1_000_001,
    ],
    ids=["alias", "repeated-key", "number-key", "broken", "two", "none", "deep", "tag", "large"],
)
def test_yaml_that_is_more_than_json_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_yaml(text, name="x")


@pytest.mark.parametrize(
    "scalar",
    [
        *("190:20:30", "yes", "Off", "0777", "0o17", "0x1F", "1_000", "1e3", "1.5e3", ".inf", "="),
        *("<<", "2026-11-30", "2026-1-2", "2026-11-30T10:00:00Z", "2026-11-30t1:2:3.5+01:00"),
        *("2026-11-30 10:00:00", "2026-11-30 10:00:00 -05:00"),
        *("+.5", "+.5e1", "6_e0", "8.6e_2", "-6.E_+40"),
    ],
)
def test_a_scalar_that_readers_of_yaml_disagree_on_is_refused_with_its_line(scalar: str) -> None:
    with pytest.raises(DocumentError, match=r"^x:2:9: got .* readers of YAML; quote it"):
        read_yaml(f"first: 1\nsecond: {scalar}\n", name="x")


@pytest.mark.parametrize(
    "scalar",
    ["190:20:30", "yes", "0777", "1_000", "1e3", "2026-11-30", "2026-1-2", "2026-11-30T10:00:00Z"],
)
def test_the_same_scalar_in_quotes_is_text(scalar: str) -> None:
    assert read_yaml(f'a: "{scalar}"', name="x") == {"a": scalar}
    assert read_yaml(dump_yaml({"a": scalar}), name="x") == {"a": scalar}


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("0b0f7e3e", "0b0f7e3e"),
        ("0.03", 0.03),
        ("-1", -1),
        ("0", 0),
        ("1.5e+3", 1500.0),
        ("true", True),
        ("4.2.0", "4.2.0"),
        ("2026-11", "2026-11"),
        ("2026-11-30-1", "2026-11-30-1"),
        ("v2026-11-30", "v2026-11-30"),
    ],
)
def test_a_scalar_that_every_reader_takes_alike_is_read(scalar: str, value: object) -> None:
    assert read_yaml(f"a: {scalar}", name="x") == {"a": value}


@pytest.mark.parametrize("text", ["2026-11-23T22:38:21Z", "2026-11-23", "2026-1-2"])
def test_a_date_is_written_as_it_stands_in_signed_files(text: str) -> None:
    assert dump_yaml({"created": text}) == f"created: '{text}'\n"


def test_a_date_in_quotes_is_text() -> None:
    assert read_yaml("when: '2030-01-31'", name="x") == {"when": "2030-01-31"}


def test_signed_files_of_the_repository_have_no_date_without_quotes() -> None:
    files = [*ROOT.glob("policy-pack/**/*.yaml"), *ROOT.glob("models/*/*/*.yaml")]
    assert len(files) > 5
    for file in [*files, *ROOT.glob("usage/**/*.yaml")]:
        assert read_yaml_documents(file.read_text("utf-8"), name=file.name)


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_an_endless_integer_is_refused_in_words_of_ours(read: Any) -> None:
    with pytest.raises(DocumentError, match=r"an integer of 5000 digits, of which at most 400"):
        read(f'{{"a": -{"1" * 5_000}}}', name="x")


def test_an_integer_that_no_double_holds_is_refused_in_yaml() -> None:
    # The engine reads numbers as doubles, and canonical JSON (RFC 8785) has no others.
    assert read_yaml(f"a: {2**53}", name="x") == {"a": 2**53}
    for number in (2**53 + 1, -(2**53) - 1, int("1" * 300)):
        with pytest.raises(DocumentError, match="no exact number to the engine"):
            read_yaml(f"a: {number}", name="x")
    assert read_json(f'{{"a": {"1" * 300}}}', name="x") == {"a": int("1" * 300)}


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "NaN", "[1,]", "[" * 100_000])
def test_json_that_two_readers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_json(text, name="x")
