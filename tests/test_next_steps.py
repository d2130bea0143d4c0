"""The next step of every message names something that exists, or is reviewed as plain words."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests.tools.next_steps import HOLE, Step, next_steps
from tests.tools.next_steps_resolve import Names, Reviewed

ROOT = Path(__file__).resolve().parents[1]
LIST = Reviewed.read()


@cache
def steps() -> list[Step]:
    return next_steps(ROOT)


@cache
def names() -> Names:
    return Names(ROOT)


def of(text: str) -> Step:
    return Step("src/mobile_ai/cli/main.py", 1, text)


def test_what_a_next_step_names_exists():
    assert [(step, found) for step in steps() if (found := names().of(step).missing)] == []


def test_a_next_step_names_something_or_is_reviewed():
    assert [s for s in steps() if not names().of(s).names and s.text not in LIST.plain] == []


def test_the_reviewed_list_holds_no_more_than_is_used():
    said = {step.text for step in steps()}
    assert set(LIST.plain) <= said
    text = "\n".join(sorted(said))
    assert [item for item in LIST.variables if item not in text] == []
    assert all(any(fnmatch(line, f"*{p}*") for line in said) for p in LIST.programs)


def test_the_reviewed_list_is_small():
    assert len(LIST.plain) <= len(steps()) / 4


@pytest.mark.parametrize(("pattern", "page"), sorted(LIST.made.items()))
def test_a_path_that_users_have_is_described(pattern, page):
    text = (ROOT / page).read_text("utf-8")
    assert pattern.strip("*/").split("/")[0] in text


def test_every_message_with_a_next_step_is_read():
    # Counted apart from the reading: whatever is written as a keyword of a call.
    tree = [ast.parse((ROOT / file).read_text("utf-8")) for file in {s.file for s in steps()}]
    keywords = [
        (node.value.value, node.value.lineno)
        for module in tree
        for node in ast.walk(module)
        if isinstance(node, ast.keyword)
        and node.arg in {"next_step", "remediation"}
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    said = {step.text for step in steps()}
    assert len(keywords) > 200
    assert {text for text, _ in keywords if text not in said} == set()


@pytest.mark.parametrize(
    "text",
    [
        "run `mobile-ai release unpublish`",
        "run mobile-ai release unpublish",
        "`mobile-ai gate --colour red`",
        "`mobile-ai release publish dev`",
        "run `make everything`",
        "pip install 'mobile-ai-delivery[everything]'",
        "`aws kms describe-everything`",
        "`pulumi stack explode`",
        "see docs/nothing.md",
        "restore policy-pack/nothing.yaml",
        "edit governance/cost/offers.py",
        "add --no-such-option",
        "set `mobile-ai:noSuchKey`",
        "set noSuchKey in the file",
        "set NO_SUCH_VARIABLE",
    ],
)
def test_a_name_that_does_not_exist_is_noticed(text):
    assert names().of(of(text)).missing


@pytest.mark.parametrize(
    "text",
    [
        "run `mobile-ai release publish --stack {}` first",
        "run mobile-ai release publish first, then roll back",
        "`mobile-ai monitor ingest FILES` makes it",
        "`up` again",
        "run `make setup`",
        "pip install 'mobile-ai-delivery[gate]'",
        f"pip install 'mobile-ai-delivery[{HOLE}]'",
        "see docs/cost.md",
        "restore releases/<stack>/metadata/1.root.json",
        "add --json",
        "set `mobile-ai:sites`",
        "set rollout.minAppVersion",
        "set MLFLOW_TRACKING_URI",
        "edit the stack file",
    ],
)
def test_a_name_that_exists_is_found(text):
    found = names().of(of(text))
    assert found.names
    assert not found.missing


@pytest.mark.parametrize("text", ["run the thing again", "make the stack larger", "try it"])
def test_words_alone_name_nothing(text):
    assert names().of(of(text)) == names().of(of("words"))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('raise E("x", next_step="do it")', ["do it"]),
        ('refused = E.advising("do it")', ["do it"]),
        ('rule(remediation="do " "it")', ["do it"]),
        ('print(f"{a}: got b. Next: do {a} twice")', ["do {} twice"]),
        ('A = "it"\nraise E(next_step=f"do {A}")', ["do it"]),
        ('raise E(next_step="do it" if a else "leave it")', ["do it", "leave it"]),
        ('T = {"a": "do it"}\nraise E(next_step=T.get(a) or "leave it")', ["do it", "leave it"]),
        ('def f(step):\n  return E(next_step=step)\nf("do it")', ["do it"]),
        ('def f(path, step):\n  raise E(f"{path}. Next: {step}")\nf(p, "do it")', ["do it"]),
        ('def f():\n  return "do it"\nraise E(next_step=f())', ["do it"]),
        ("def f(e):\n  raise E(next_step=e.next_step)", []),
        ('"""Next: a docstring."""', []),
    ],
)
def test_a_next_step_is_read_however_it_is_written(tmp_path, code, found):
    room = tmp_path / "src"
    room.mkdir()
    (room / "module.py").write_text(code + "\n")
    assert [step.text for step in next_steps(tmp_path)] == found
