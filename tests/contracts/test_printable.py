"""Untrusted text cannot inject lines, workflow commands or invisible characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.printable import printable, printable_lines
from mobile_ai.contracts.reading import FindingCollector


@given(st.text())
def test_every_text_becomes_one_line_of_visible_characters(text: str) -> None:
    found = printable(text)

    assert found.isprintable()
    assert len(found.splitlines()) <= 1


@given(st.text(alphabet="a: #[\n\t\x1b"))
def test_no_line_is_a_command_to_a_runner(text: str) -> None:
    for line in printable_lines(text).split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith(("::", "##["))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe 日本 ✓", "Größe 日本 ✓"),
        ("a\n::add-mask::b", r"a\n\x3a:add-mask::b"),
        ("x ##[add-mask]y", r"x \x23#[add-mask]y"),
        ("urn:pulumi:dev::mobile-ai::aws:s3/bucket:Bucket::b",) * 2,
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202eFAIL", r"\u202eFAIL"),
        ("\u200b", r"\u200b"),
        ("\udc80", r"\udc80"),
    ],
)
def test_what_prints_nothing_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_four_parts_of_an_error_and_of_a_finding_are_one_line() -> None:
    notes = FindingCollector("next\nline")
    notes.deny("a\n## PASS", got="b\r", expected="c")
    error = GovernanceError("a\n## PASS", got="b", expected="c", next_step="d")

    assert str(notes.findings[0]).isprintable()
    assert str(error).isprintable()
