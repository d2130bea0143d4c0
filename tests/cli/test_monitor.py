"""The commands of the monitor, as docs/monitoring.md shows them."""

import json
import re
import shlex
from pathlib import Path

import pytest

from mobile_ai.cli.main import main

PAGE = Path(__file__).parents[2] / "docs/monitoring.md"


def run(capsys, *arguments):
    """Run a command; return its exit code and what it printed."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as done:
        code = int(done.code or 0)
    return code, capsys.readouterr()


def test_the_example_of_the_page_finds_the_canary(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = re.search(r"<!-- example -->\n```\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    codes = []
    for command in example[1].splitlines():
        name, *arguments = shlex.split(command)
        assert name == "mobile-ai"
        code, said = run(capsys, *arguments)
        codes.append(code)

    found = json.loads(said.out)
    assert codes == [0, 0, 1, 0]
    assert [item["rule"] for item in found] == ["canary-crash-rate"]
    assert found[0]["allowed_actions"] == ["notify", "retrain", "freeze"]
    assert found[0]["needs_approval"] == ["rollback"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["drift", "--store", "nowhere"], "monitor ingest FILES"),
        (["status", "--store", "nowhere"], "monitor ingest FILES"),
        (["drift", "--width", "5"], "divisor of 24"),
        (["ingest"], "files or --listen"),
        (["ingest", "missing.jsonl"], "missing.jsonl"),
        (["ingest", "missing.jsonl", "--channel", "bus"], "device or site"),
        (["ingest", "--listen", "8088"], "HOST:PORT"),
        (["ingest", "--listen", "0.0.0.0:8088"], "MOBILE_AI_INGEST_TOKEN"),
        (["ingest", "x", "--stack", "nowhere"], "Pulumi.nowhere.yaml"),
    ],
)
def test_a_mistake_gets_one_line_with_the_next_step(tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "monitor", *arguments)

    assert code == 2
    assert says in said.err
    assert "Traceback" not in said.err


def test_costs_are_watched_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(capsys, "monitor", "simulate", "f.jsonl", "--days", "3", "--bad-hours", "0")
    run(capsys, "monitor", "ingest", "f.jsonl")
    hours = [f"2026-01-{day:02}T{hour:02}:00:00Z" for day in (1, 2, 3) for hour in range(24)]
    lines = [f"{hour},app,{50 if at > 65 else 5 + at % 2}" for at, hour in enumerate(hours)]
    Path("costs.csv").write_text("\n".join(["hour,app,amount", *lines]))

    code, said = run(
        capsys, "monitor", "drift", "--reference", "48", "--costs", "costs.csv", "--json"
    )

    (found,) = json.loads(said.out)
    assert (code, found["rule"], found["allowed_actions"]) == (
        1,
        "cost-spike",
        ["notify", "throttle"],
    )


@pytest.mark.parametrize("option", [[], ["--store", "nosuch"], ["--findings", "nosuch"]])
def test_no_store_is_not_no_findings(option, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "monitor", "findings", *option)
    assert (code, said.out) == (2, "")
    assert "Next: `mobile-ai monitor " in said.err
