"""Help texts: grouped, with an example, and readable in a narrow and in a wide terminal."""

import codecs
import io
import os
import subprocess
import sys
from itertools import pairwise

import pytest
import typer
import typer.rich_utils

from mobile_ai.cli import main as cli
from mobile_ai.cli.help_text import unwrapped
from mobile_ai.cli.streams import safe_output


def commands():
    """Yield the path of every command and group of commands, and whether it is a group."""
    for name in cli.GROUPS:
        app = typer.main.get_command(cli.application([name]))
        pending = [((name,), app.commands[name])]
        while pending:
            path, command = pending.pop()
            below = getattr(command, "commands", {})
            yield path, bool(below)
            pending += [((*path, key), item) for key, item in below.items()]


COMMANDS = dict(commands())


def help_of(path, width, capsys, monkeypatch):
    monkeypatch.setattr(typer.rich_utils, "MAX_WIDTH", width)
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit) as ended:
        cli.application(path)(args=[*path, "--help"], prog_name="mobile-ai")
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
def test_a_help_text_fits_its_terminal(path, width, capsys, monkeypatch):
    text = help_of(path, width, capsys, monkeypatch)
    assert [line for line in text.splitlines() if len(line) > width] == []
    assert "…" not in text  # cut off
    if path and not COMMANDS[path]:
        assert "Example: mobile-ai " in text


@pytest.mark.parametrize("path", [path for path, group in COMMANDS.items() if not group])
def test_a_paragraph_is_not_broken_as_in_the_source(path, capsys, monkeypatch):
    text = help_of(path, 1_000, capsys, monkeypatch)
    told = text.partition("Usage:")[2].partition("╭")[0].split("\n")[1:]
    lines = [line.strip() for line in told]
    assert all(not after for line, after in pairwise(lines) if line)


def test_related_commands_stand_together(capsys, monkeypatch):
    text = help_of((), 80, capsys, monkeypatch)
    for panel, names in cli.PANELS.items():
        known = [name for name in names if name in cli.GROUPS]
        _, _, rest = text.partition(f" {panel} ")
        shown = rest.partition("╰")[0]
        assert known
        assert all(f" {name} " in shown for name in known)


def test_a_docstring_becomes_one_line_a_paragraph():
    def command():
        """Act once.

        With two
        lines.
        """

    assert unwrapped(command) == "Act once.\n\nWith two lines."
    command.__doc__ = None
    assert unwrapped(command) is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("─█░ 1 → 2", "-#. 1 -> 2"),
        ("╭─╮", "+-+"),
        ("é", "\\u00e9"),
        ("😀", "\\ud83d\\ude00"),
        ("plain", "plain"),
    ],
)
def test_what_an_encoding_lacks_is_written_in_ascii(text, written, monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    with safe_output():
        sys.stdout.write(text)
    assert raw.getvalue() == written.encode()


def test_an_error_of_reading_is_no_matter_of_writing():
    with safe_output(), pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", errors="mobile_ai.plain")
    assert codecs.lookup_error("mobile_ai.plain")


@pytest.mark.parametrize("arguments", [["--help"], ["cost", "prices", "show", "s3"]])
def test_a_terminal_that_takes_ascii_only_is_no_defect(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "mobile_ai.cli.main", *arguments],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
