"""Every command of docs/second-environment.md runs, in order, and prints what the page says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.tutorial import missing, run_in_process, steps

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/second-environment.md"
TAKEN = ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "policy-pack", "models", "usage")


def lines(commands: str) -> list[list[str]]:
    joined = re.sub(r"\\\n\s*", "", commands)
    return [shlex.split(line) for line in joined.splitlines() if line]


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path, monkeypatch, capsys):
    text, checkout = PAGE.read_text("utf-8"), tmp_path / "checkout"
    checkout.mkdir()
    for name in (*TAKEN, "releases"):
        taken, copy = ROOT / name, checkout / name
        shutil.copytree(taken, copy) if taken.is_dir() else shutil.copy(taken, copy)
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("COLUMNS", "200")
    entry, answers = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    roots = Path("policy-pack/stacks.yaml")
    (checkout / "answers.yaml").write_text(answers)
    ran = 0
    for step in steps(text):
        if step.commands.startswith("sed"):
            roots.write_text(roots.read_text() + entry)
            subprocess.run(["bash", "-c", step.commands], check=True)
            continue
        for words in lines(step.commands):
            run_in_process(words, code=step.code, capsys=capsys)
            ran += 1
        printed = capsys.readouterr()
        assert missing(step, printed.out + printed.err) == []
    assert ran == 13
