"""Untrusted text cannot inject lines, workflow commands or invisible characters."""

import csv
import html
import io
import json
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.contracts.printable import (
    csv_cell,
    html_text,
    markdown,
    markdown_code,
    printable,
    printable_json,
    printable_lines,
    relative_uri,
    sarif_text,
)
from mobile_ai.contracts.reading import FindingCollector

# Every character, those that UTF-8 cannot encode too, and more of those that mean something.
ANY = st.text() | st.text(
    alphabet="`|<>&#*_[]()!@:/$~=+-.1aG H\n\t\x1b\u202e\u3164\ud800\U000e0100"
)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shape(text: str) -> list[str]:
    """Blocks and inline elements of Markdown, but for texts and our own line breaks."""
    found = []
    for token in PARSER.parse(text):
        found.append(token.type)
        for child in token.children or ():
            if child.type not in {"text", "text_special"} | {"html_inline"}:
                found.append(child.type)
            elif child.type == "html_inline":
                assert child.content in {"<!-- -->", "<br>", "<span>", "</span>"}
    return found


@given(ANY)
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
        ("a\n::add-mask::b", r"a\n\u003a:add-mask::b"),
        ("x ##[add-mask]y", r"x \u0023#[add-mask]y"),
        ("urn:pulumi:dev::mobile-ai::aws:s3/bucket:Bucket::b",) * 2,
        ("\x1b[2J", r"\u001b[2J"),
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


@given(ANY)
def test_json_that_is_printed_is_the_same_value(text: str) -> None:
    shown = printable_json({"a": [text]}, indent=1)

    assert json.loads(shown) == {"a": [text]}
    assert all(line.isprintable() and "##[" not in line for line in shown.split("\n"))
    # A stream makes it printable once more.
    assert json.loads(printable_lines(shown)) == {"a": [text]}


@given(ANY)
@pytest.mark.parametrize(
    "place", ["{}", "- {}", "# {}", "**{}**", "| a |\n|---|\n| {} |", "a {}: b"]
)
def test_text_in_markdown_is_text(place: str, text: str) -> None:
    word = "w" if markdown(text) else ""

    assert shape(place.format(markdown(text))) == shape(place.format(word))
    if "|" in place:
        cell = markdown(text, starts_block=False)
        assert shape(place.format(cell)) == shape(place.format(word))


@given(ANY)
def test_code_in_markdown_is_one_code_span(text: str) -> None:
    [_, inline, _] = PARSER.parse(f"a {markdown_code(text)} b")

    assert [item.type for item in inline.children or ()] == ["text", "code_inline", "text"]


@given(ANY)
def test_text_in_html_is_text(text: str) -> None:
    shown = html_text(text)

    assert not {"<", ">", '"', "'"} & {*shown}
    assert html.unescape(shown) == printable(text)


@given(ANY)
def test_a_path_is_a_relative_uri(text: str) -> None:
    found = relative_uri(text)

    assert found.isascii()
    assert urlsplit(found).scheme == ""
    assert unquote(found, errors="surrogatepass") == text


@given(ANY)
def test_a_cell_is_no_formula_and_a_number_stays_one(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([csv_cell(text)])
    [[cell]] = csv.reader(io.StringIO(file.getvalue(), newline="")) if text else [[""]]

    assert cell.removeprefix("'") == text.removeprefix("'")
    assert not cell.startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"), ("-1+cmd", "'-1+cmd"), ("-12.50", "-12.50")],
)
def test_a_formula_is_marked_as_text(text: str, shown: str) -> None:
    assert csv_cell(text) == shown


def test_a_message_of_sarif_holds_no_link() -> None:
    assert sarif_text("got ['a']") == "got ['a']"
    assert sarif_text("[a](b)") == r"\[a\](b)"
