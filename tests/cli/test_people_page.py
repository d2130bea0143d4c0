"""Every command of docs/people.md runs, in order, and prints what the page says."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile_ai.cli import main as cli
from mobile_ai.cli.models import trust as command
from tests.e2e.tutorial import missing, steps

PAGE = Path(__file__).resolve().parents[2] / "docs/people.md"
EXPIRES = "## The trust expires"


def lines(commands: str) -> list[list[str]]:
    return [shlex.split(line) for line in commands.replace("\\\n", " ").splitlines() if line]


def test_the_page_does_what_it_says(tmp_path, monkeypatch, capsys):
    text = PAGE.read_text("utf-8")
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    monkeypatch.setenv("COLUMNS", "200")
    people = re.search(r"```yaml\n(people:.*?)```", text, re.DOTALL)
    assert people
    Path("people.yaml").write_text(people[1])
    now = datetime.now(UTC)
    monkeypatch.setattr(command, "_now", lambda: now)
    ran = 0
    for part in re.split(rf"(?={EXPIRES})", text):
        if part.startswith(EXPIRES):
            now += timedelta(days=400)
        for step in steps(part):
            for words in lines(step.commands):
                assert words[0] == "mobile-ai"
                with pytest.raises(SystemExit) as ended:
                    cli.main(words[1:])
                said = "" if (ended.value.code or 0) == step.code else capsys.readouterr()
                assert (ended.value.code or 0) == step.code, f"{words}: {said}"
                ran += 1
            printed = capsys.readouterr()
            assert missing(step, printed.out + printed.err) == []
    assert ran > 30
