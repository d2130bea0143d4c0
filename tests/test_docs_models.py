"""The guide for model engineers: its commands exist, its paths are there, its constants hold."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from mobile_ai.cli.models.model import app
from mobile_ai.model_build.profile_ import ENERGY_METHOD, ROUNDS, RUNS

pytestmark = pytest.mark.build

PAGE = Path(__file__).resolve().parents[1] / "docs" / "models.md"
TEXT = PAGE.read_text("utf-8")
GROUP = typer.main.get_command(app)
COMMANDS = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
]


def parsed(line: str):
    """Parse a command line as the program does, without running it; wrong ones raise."""
    program, group, name, *arguments = shlex.split(line)
    assert (program, group) == ("mobile-ai", "model")
    command = GROUP.commands[name]
    return command.make_context(name, arguments)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_line_of_the_guide_parses(line):
    assert parsed(line).params


def test_the_guide_shows_every_command_there_is():
    assert {shlex.split(line)[2] for line in COMMANDS} == set(GROUP.commands)


def test_a_command_line_with_an_unknown_option_would_not_parse():
    with pytest.raises(Exception, match="No such option"):
        parsed("mobile-ai model verify models/digits/1.1.0/manifest.yaml --no-such-option")


@pytest.mark.parametrize(
    "path",
    sorted(set(re.findall(r"(?:model-build|models)/[\w./-]+\.(?:yaml|json)", TEXT))),
)
def test_every_file_that_the_guide_names_is_there(path):
    assert (PAGE.parents[1] / path).is_file()


def test_the_guide_states_the_constants_that_are_used():
    for constant in re.findall(r"[\d.]+ pJ", ENERGY_METHOD):
        assert constant in TEXT
    assert f"{ROUNDS} rounds of {RUNS} runs" in TEXT
