"""Output of a command is text: no line of it commands a terminal or a runner."""

import io
import json
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from mobile_ai.cli.console import console
from mobile_ai.cli.main import main
from mobile_ai.cli.streams import SafeStream, safe_output

PIECES = st.lists(
    st.text() | st.text(alphabet=":#[ \n\x1berrorx") | st.sampled_from(["::error::x", "##[", None])
)


def shown(pieces):
    """Output of pieces that are written one after the other; ``None`` flushes."""
    raw = io.StringIO()
    stream = SafeStream(raw)
    for piece in pieces:
        _ = stream.flush() if piece is None else stream.write(piece)
    stream.finish()
    return raw.getvalue()


@given(PIECES)
def test_no_line_is_a_command_however_it_was_written(pieces):
    for line in shown(pieces).split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@given(PIECES)
def test_flushing_loses_and_repeats_nothing(pieces):
    written = [piece for piece in pieces if piece is not None]
    assert shown(written).count("\n") == "".join(written).count("\n")
    assert "".join(shown(pieces).split()).count("x") == "".join(written).count("x")


def test_a_prompt_is_shown_before_its_line_ends():
    raw = io.StringIO()
    stream = SafeStream(raw)
    stream.write("Sign? [y/N] ")
    stream.flush()
    assert raw.getvalue() == "Sign? [y/N] "


@pytest.mark.parametrize("terminal", [True, False])
def test_a_console_shows_its_colours_and_no_others(terminal, monkeypatch):
    raw = io.StringIO()
    monkeypatch.setattr(raw, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stdout", raw)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with safe_output():
        print("a", end="")
        console().print(Text("\x1b[2Jb\n::error::x", "bold red"))
        print("c \x1b[31m")
    text = raw.getvalue()
    assert text.startswith("a")
    assert ("\x1b[1;31m" in text) is terminal
    for one in ("\x1b[1;31m", "\x1b[0m"):
        text = text.replace(one, "")
    assert text == "a\\u001b[2Jb\n\\u003a:error::x\nc \\u001b[31m\n"


def test_json_that_is_printed_is_the_same_value(capsys):
    value = {"a": "##[error]\u202e ::error::\ud800"}
    with safe_output():
        print(json.dumps(value, indent=1, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == value


EVIL = "evil\n::error file=a::b\n##[error]c\x1b[2J\u202e.yaml"


@pytest.mark.parametrize(
    "command",
    [
        ["check", EVIL],
        ["evidence", "--stack", EVIL],
        ["evidence", "--stack", "dev", "--deployment", EVIL],
        ["evidence", "--stack", "dev", "--verify", EVIL],
        ["model", "verify", EVIL],
        ["record", "verify", EVIL],
        ["release", "status", "--stack", EVIL],
        ["trust", "show", "--environment", EVIL],
        ["schema", "record", EVIL],
        [EVIL],
    ],
    ids=lambda words: " ".join(words).partition("evil")[0],
)
def test_an_argument_is_repeated_as_text(command, capsys):
    with suppress(SystemExit):
        main(command)
    captured = capsys.readouterr()
    for line in f"{captured.out}\n{captured.err}".split("\n"):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    assert "evil" in captured.out + captured.err
