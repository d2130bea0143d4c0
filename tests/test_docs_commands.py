"""Command lines in the documentation name commands, operations and options that exist."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.sandbox.engine import locate_engine
from tests.tools.command_lines import (
    command_of,
    missing_for_aws,
    options,
    unknown_options,
    unknown_to_aws,
    words,
)

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Blocks of the runbooks are typed as they stand: they must also say every option that is required.
RUNBOOKS = [ROOT / "docs/first-deployment.md", ROOT / "docs/break-glass.md"]
OF_AWS = [*RUNBOOKS, ROOT / "docs/aws.md"]
MODULES = [
    path
    for room in ("src", "components", "policy-pack", "model-build")
    for path in sorted((ROOT / room).rglob("*.py"))
]
FENCE = re.compile(r"^```(?:sh|console|bash)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"Example: (mobile-ai (?:.+\n?)+)")
INLINE = re.compile(r"`((?:mobile-ai|aws|pulumi) [^`\n]+)`")


def lines(page: Path, *, typed: bool) -> list[str]:
    """The command lines of a page's blocks and, unless they must be whole, of its sentences."""
    text = page.read_text("utf-8")
    blocks = [block.replace("\\\n", " ") for block in FENCE.findall(text)]
    found = [line.strip() for block in blocks for line in block.splitlines()]
    return found if typed else [*found, *INLINE.findall(FENCE.sub("", text))]


def commands(program: str, pages: list[Path], *, typed: bool = False) -> list[Any]:
    """Every distinct call of a program, with the page that has it."""
    calls = {}
    for page in pages:
        for line in lines(page, typed=typed):
            if line.startswith(f"{program} "):
                calls.setdefault(line, pytest.param(line, id=f"{page.stem}: {line[:70]}"))
    return list(calls.values())


@pytest.mark.parametrize("line", commands("mobile-ai", PAGES))
def test_a_command_that_a_page_names_exists_with_its_options(line):
    assert unknown_options(line) == set()


def named_in(module: Path) -> set[str]:
    """Return the commands between backticks in a module's strings: messages, help, docstrings."""
    text = module.read_text("utf-8")
    nodes = ast.walk(ast.parse(text)) if "mobile-ai " in text else ()
    strings = (item.value for item in nodes if isinstance(item, ast.Constant))
    texts = [item for item in strings if isinstance(item, str)]
    found = {
        call for pattern in (INLINE, EXAMPLE) for text in texts for call in pattern.findall(text)
    }
    return {" ".join(call.split()) for call in found if call.startswith("mobile-ai ")}


@pytest.mark.parametrize(
    "line",
    sorted({call for module in MODULES for call in named_in(module)}),
    ids=lambda it: it[:70],
)
def test_a_command_that_a_message_names_exists_with_its_options(line):
    assert unknown_options(line) == set()


@pytest.mark.parametrize("line", commands("mobile-ai", RUNBOOKS, typed=True))
def test_a_line_of_a_runbook_parses(line):
    command, rest = command_of(words(line))
    assert command.make_context(command.name, rest).params


@pytest.mark.parametrize("line", commands("aws", OF_AWS))
def test_an_operation_of_aws_that_a_page_names_exists_with_its_options(line):
    assert unknown_to_aws(line) == set()


@pytest.mark.parametrize("line", commands("aws", RUNBOOKS, typed=True))
def test_a_line_of_a_runbook_tells_aws_all_that_it_requires(line):
    assert missing_for_aws(line) == set()


@pytest.mark.engine
@pytest.mark.parametrize("line", commands("pulumi", RUNBOOKS))
def test_a_command_of_pulumi_that_a_runbook_names_exists_with_its_options(line):
    named = [item for item in words(line) if not item.startswith("-")]
    depth = 2 if named[0] == "stack" else 1
    done = subprocess.run(
        [locate_engine().pulumi, *named[:depth], "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"pulumi {' '.join(named[:depth])}" in done.stdout
    assert options(words(line)) <= set(re.findall(r"--[a-z-]+", done.stdout))


@pytest.mark.parametrize(
    "line",
    [
        "mobile-ai gate --stack dev --colour",
        "mobile-ai release status --end-within 30",
    ],
)
def test_an_option_that_does_not_exist_is_noticed(line):
    assert unknown_options(line)


def test_a_command_that_does_not_exist_is_noticed():
    with pytest.raises(LookupError, match="unrelease"):
        command_of(["release", "unrelease"])
    with pytest.raises(LookupError, match="describe-everything"):
        unknown_to_aws("aws kms describe-everything")
    assert unknown_to_aws("aws kms describe-key --key alias/x") == {"--key"}
    assert missing_for_aws("aws kms describe-key") == {"--key-id"}


def test_the_runbooks_name_commands_at_all():
    for program, least in (("mobile-ai", 20), ("aws", 20), ("pulumi", 3)):
        assert len(commands(program, RUNBOOKS)) >= least


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_of_ours_leads_to_its_heading(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            made = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in made, target
