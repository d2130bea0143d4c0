"""The tutorial's page as steps, and one Bash session that runs them."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mobile_ai.cli import main as cli
from tests.e2e.checkout import ROOT, Checkout

__all__ = ["MARK", "PAGE", "Step", "missing", "run", "run_in_process", "script", "steps", "walk"]

PAGE = ROOT / "docs" / "tutorial.md"
MARK = "===== step "
_SECONDS = 900
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """Commands, the exit code of the last, and lines that their output has."""

    commands: str
    code: int
    expected: tuple[str, ...]


def steps(page: str) -> list[Step]:
    """Read the page: ``sh`` blocks run, a ``text`` block says what the one before prints."""
    found: list[Step] = []
    for fence in _FENCE.finditer(page):
        info, body = fence["info"].split(), fence["body"]
        if info[:1] == ["sh"]:
            code = next((int(word[5:]) for word in info if word.startswith("exit=")), 0)
            found.append(Step(body, code, ()))
        elif info == ["text"]:
            last = found.pop()
            found.append(Step(last.commands, last.code, tuple(body.splitlines())))
    return found


def script(wanted: list[Step]) -> str:
    """Return one Bash session that runs the steps and stops at the first that goes wrong."""
    parts = ["set -eo pipefail"]
    for number, step in enumerate(wanted):
        parts.append(f"echo; echo '{MARK}{number}'")
        if step.code:
            parts.append(f"( {step.commands.strip()}\n) && code=0 || code=$?")
            parts.append(f"test $code = {step.code} || {{ echo exit code $code; exit 99; }}")
        else:
            parts.append(step.commands)
    return "\n".join(parts)


def missing(step: Step, output: str) -> list[str]:
    """Return the expected lines that the output lacks; ``...`` stands for anything.

    How many spaces a table has between its columns is the terminal's affair.
    """
    printed = [" ".join(line.split()) for line in output.splitlines()]
    return [
        line
        for line in step.expected
        if not any(re.fullmatch(_pattern(line), text) for text in printed)
    ]


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in " ".join(line.split()).split("..."))


def run(commands: str, checkout: Checkout) -> "subprocess.CompletedProcess[str]":
    bin_folder = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-c", commands],
        cwd=checkout.root,
        env=checkout.environment()
        | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def run_in_process(words: list[str], *, code: int, capsys: "pytest.CaptureFixture[str]") -> None:
    """Run one command of a page here, and hold it to its exit code."""
    assert words[0] == "mobile-ai"
    with pytest.raises(SystemExit) as ended:
        cli.main(words[1:])
    said = "" if (ended.value.code or 0) == code else capsys.readouterr()
    assert (ended.value.code or 0) == code, f"{words}: {said}"


def walk(checkout: Checkout) -> "subprocess.CompletedProcess[str]":
    """Run the whole page in a checkout; stop its sandbox in any case."""
    try:
        return run(script(steps(PAGE.read_text())), checkout)
    finally:
        run("cd build/tutorial && mobile-ai sandbox down", checkout)
