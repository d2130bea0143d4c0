"""Every command of docs/people.md runs, in order, and prints what the page says."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mobile_ai.cli.models import trust as command
from tests.e2e.tutorial import missing, run_in_process, steps

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
                run_in_process(words, code=step.code, capsys=capsys)
                ran += 1
            printed = capsys.readouterr()
            assert missing(step, printed.out + printed.err) == []
    assert ran > 30
