"""Command lines in the documentation name commands, operations and options that exist."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer
from botocore import xform_name

from mobile_ai.cli.main import GROUPS, application
from mobile_ai.sandbox.engine import locate_engine

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
# Of the AWS CLI itself, on every command.
AWS_GLOBAL = {"--region", "--query", "--output", "--profile", "--no-cli-pager"}
FENCE = re.compile(r"^```(?:sh|console|bash)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
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


def words(line: str) -> list[str]:
    """The words after the program, without brackets that mark what may be left out."""
    call = re.split(r"\s[|>&]", line, maxsplit=1)[0]
    return shlex.split(re.sub(r"(?<=\s)\[|\](?=\s|$)", "", call), comments=True)[1:]


def command_of(arguments: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and the words after its name.

    Raises:
        LookupError: There is none.
    """
    if arguments[0] in {"...", "--help", "--version"}:
        return None, []
    if arguments[0] not in GROUPS:
        raise LookupError(f"mobile-ai {arguments[0]}")
    command: Any = typer.main.get_command(application(arguments))
    rest = list(arguments)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        if rest[0] == "...":
            return None, []
        if rest[0] not in command.commands:
            raise LookupError(f"mobile-ai {' '.join(arguments)}: {rest[0]}")
        command = command.commands[rest.pop(0)]
    return command, rest


def options(arguments: list[str]) -> set[str]:
    return {item.split("=", 1)[0] for item in arguments if item.startswith("--") and item != "--"}


def unknown_options(line: str) -> set[str]:
    command, rest = command_of(words(line))
    if command is None:
        return set()
    known = {item for part in command.params for item in (*part.opts, *part.secondary_opts)}
    return options(rest) - known - {"--help"}


@pytest.mark.parametrize("line", commands("mobile-ai", PAGES))
def test_a_command_that_a_page_names_exists_with_its_options(line):
    assert unknown_options(line) == set()


def named_in(module: Path) -> set[str]:
    """Return the commands between backticks in a module's strings: messages, help, docstrings."""
    text = module.read_text("utf-8")
    nodes = ast.walk(ast.parse(text)) if "`mobile-ai " in text else ()
    strings = (item.value for item in nodes if isinstance(item, ast.Constant))
    found = {call for item in strings if isinstance(item, str) for call in INLINE.findall(item)}
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


@cache
def operations(service: str) -> dict[str, Any]:
    """The operations of an AWS service as its command line names them."""
    session = botocore.session.get_session()
    model = session.get_service_model({"s3api": "s3"}.get(service, service))
    names = model.operation_names
    return {xform_name(name, "-"): model.operation_model(name) for name in names}


def unknown_to_aws(line: str) -> set[str]:
    """The options of an AWS command line that its operation does not take.

    Raises:
        LookupError: There is no such operation.
    """
    service, operation, *rest = words(line)
    if operation not in operations(service):
        raise LookupError(line)
    shape = operations(service)[operation].input_shape
    members = set(shape.members) if shape else set()
    known = {f"--{xform_name(member, '-')}" for member in members}
    return options(rest) - known - AWS_GLOBAL


def missing_for_aws(line: str) -> set[str]:
    """Return the required options of an AWS operation that a command line lacks."""
    service, operation, *rest = words(line)
    shape = operations(service)[operation].input_shape
    required = set(shape.required_members) if shape else set()
    return {f"--{xform_name(member, '-')}" for member in required} - options(rest)


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
