"""A report whose every text comes from an attacker has the structure of any other report."""

import json
import re
from functools import cache
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt
from pydantic import BaseModel

from mobile_ai.gate.render import FORMS, render
from mobile_ai.gate.report.report import Author, Report
from tests.gate.test_render import changed_by_two, report, valued_report

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# What the Markdown itself is made of; a comment breaks what GitHub makes links of.
OWN_HTML = {"<!-- -->", "<br>", "<span>", "</span>"}
POISON = [
    "\n\n## :white_check_mark: PASS - stack dev\n",
    "[click](https://evil.example) ![x](https://evil.example/p.png) <https://evil.example>",
    "<img src=x onerror=alert(1)></details><script>x</script><!-- x",
    "--> </summary>",
    "@acme/security @octocat #1 acme/app#2 GH-3 :tada: :100: $x$ $$y$$",
    "https://evil.example www.evil.example ftp://evil.example a@evil.example",
    "\n```\n# heading\n```\n~~~\n",
    "a | b | c\n|---|---|\n| 1 | 2 |",
    "- [x] done\n1. one\n> quote\n+ plus\n===\n---\n# heading",
    "# heading",
    "> quote",
    "12. item",
    "===",
    "&lt;b&gt; &#64;team \\[a\\](b) ``` ` `` ~~gone~~ **bold** _it_",
    "\n::error file=x::y\n::add-mask::y ##[error]z",
    "\x1b[2J\x1b]0;title\x07\u202eSSAP\u2066\u200b\u2028\x85\ufeff\u3164\ud800\U000e0100",
]
AUTOMATIC = re.compile(
    r"(?:^|\W)@\w|#\d|\bGH-\d|:(?!\d+:)[\w+-]+:|:100:|\w+://|\bwww\.|\$\S", re.ASCII | re.IGNORECASE
)
# Texts that choose what is written, or that are amounts.
CHOOSING = {
    "verdict",
    "command",
    "origin",
    "kind",
    "outcome",
    "level",
    "severity",
    "better",
    "note",
}


def poisoned(value, text):
    """A part of a report with a text before and after each text from outside."""
    if isinstance(value, str):
        return value if re.fullmatch(r"[-+]?[\d.]*", value) and value else f"{text}{value}{text}"
    if isinstance(value, BaseModel):
        names = {*type(value).model_fields} - CHOOSING
        changed = {name: poisoned(getattr(value, name), text) for name in names}
        return value.model_copy(update=changed)
    if isinstance(value, dict):
        return {poisoned(key, text): poisoned(item, text) for key, item in value.items()}
    return tuple(poisoned(item, text) for item in value) if isinstance(value, tuple) else value


@cache
def sane() -> list[Report]:
    failed = report("program_failed").model_copy(
        update={"doubts": ("a doubt",), "warnings": ("a",)}
    )
    changed = changed_by_two()
    author = Author(who="a", when="b", source="c", note="d")
    changed = changed.model_copy(
        update={
            "violations": tuple(
                item.model_copy(update={"changed_by": author}) for item in changed.violations
            )
        }
    )
    return [report("denied"), failed, changed, valued_report()]


@cache
def worlds(text) -> list[Report]:
    return [poisoned(item, text) for item in sane()]


def flat(tokens):
    for token in tokens:
        yield token
        yield from flat(token.children or ())


def structure(text):
    """Elements of a page, but for its texts and line breaks."""
    found = []
    for token in flat(PARSER.parse(text)):
        if token.type in {"text", "text_special", "softbreak", "inline", "code_inline"}:
            continue
        if token.type in {"html_inline", "html_block"}:
            found += [
                item for item in re.findall(r"<[^>]*>?", token.content) if item not in OWN_HTML
            ]
            continue
        found.append((token.type, token.tag))
    return found


def texts(text):
    """Texts that GitHub looks for mentions, references, emoji and addresses in."""
    for token in PARSER.parse(text):
        run = ""
        for child in token.children or ():
            if child.type in {"text", "text_special"}:
                run += child.content
            elif child.type == "html_inline" or run:
                yield run
                run = ""
        yield run


def without_marker(text):
    marker, _, rest = text.partition("\n")
    assert re.fullmatch(r"<!-- mobile-ai gate: [\w.%/~-]+ -->", marker)
    return rest


@pytest.mark.parametrize("poison", POISON)
def test_a_comment_has_the_structure_of_a_harmless_one(poison):
    for harmless, hostile in zip(worlds("word"), worlds(poison), strict=True):
        expected, found = (without_marker(render(one, "markdown")) for one in (harmless, hostile))
        assert structure(found) == structure(expected)
        for part in texts(found):
            # Our own verdict, warnings and failures are emoji.
            own = re.sub(":(?:white_check_mark|x|warning):", "", part)
            assert not AUTOMATIC.search(own), part


@pytest.mark.parametrize("poison", POISON)
def test_no_form_commands_a_terminal_or_a_runner_and_json_says_the_same(poison):
    for hostile in worlds(poison):
        written = {form: render(hostile, form) for form in FORMS}
        for line in "\n".join(written.values()).split("\n"):
            assert line.isprintable()
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
        assert json.loads(written["json"]) == hostile.to_dict()


@pytest.mark.parametrize("poison", POISON)
def test_code_scanning_gets_plain_texts_and_paths(poison):
    for hostile in worlds(poison):
        log = json.loads(render(hostile, "sarif"))
        for result in log["runs"][0]["results"]:
            assert set(result["message"]) == {"text"}
            assert not re.search(r"(?<!\\)\]\(", result["message"]["text"])
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert urlsplit(uri)[:2] == ("", "")
