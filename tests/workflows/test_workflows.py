"""The workflows as files: pinned, least privileged, and calling commands that exist."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from mobile_ai.cli.main import GROUPS, application

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((ROOT / "docs" / "templates").glob("*.yml")),
]
SAME = r"\./\S+( # zizmor: ignore\[self-repository\])?"
DIGEST = r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
PINNED = re.compile(f"uses: ({SAME}|{DIGEST})$")


def document(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(path.read_text())
    return value


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every call of the console script in a step."""
    for path in FILES:
        for job in document(path)["jobs"].values():
            for step in job.get("steps", []):
                for line in step.get("run", "").replace("\\\n", " ").splitlines():
                    if ".venv/bin/mobile-ai" in line:
                        call = line.split(".venv/bin/mobile-ai", 1)[1]
                        yield path.name, shlex.split(call.split("|")[0])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned_by_digest_and_says_which_version(path: Path) -> None:
    used = [line.strip("- ") for line in path.read_text().splitlines() if "uses:" in line]

    assert [line for line in used if not PINNED.match(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_permissions_are_stated_and_small(path: Path) -> None:
    workflow = document(path)

    assert set(workflow["permissions"]) <= {"contents"}
    assert workflow["permissions"].get("contents", "read") == "read"
    # `on` is a boolean to YAML 1.1.
    triggers = workflow.get("on", workflow.get(True))
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(triggers)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_command_that_fails_before_a_pipe_fails_its_step(path: Path) -> None:
    workflow = document(path)
    runs = [
        step for job in workflow["jobs"].values() for step in job.get("steps", ()) if "run" in step
    ]

    # GitHub runs `bash -e` where nothing is said, and `bash -eo pipefail` where `bash` is.
    assert not runs or workflow["defaults"]["run"]["shell"] == "bash"


def test_what_a_pull_request_starts_has_no_credentials() -> None:
    for path in FILES:
        workflow = document(path)
        if "pull_request" in workflow.get("on", workflow.get(True)):
            text = path.read_text()
            assert "id-token" not in text
            assert "${{ secrets." not in text


@pytest.mark.parametrize(("name", "call"), list(commands()), ids=lambda item: str(item)[:60])
def test_commands_and_options_exist(name: str, call: list[str]) -> None:
    group = call[0]
    assert group in GROUPS, f"{name}: mobile-ai {group}"
    command: Any = typer.main.get_command(application(call))
    words = iter(call)
    for word in words:
        if word in getattr(command, "commands", {}):
            command = command.commands[word]
    known = {option for item in command.params for option in (*item.opts, *item.secondary_opts)}
    asked = {word for word in call if word.startswith("--")}
    assert asked <= known, f"{name}: {sorted(asked - known)}"


def test_an_auditor_of_workflows_finds_nothing() -> None:
    tool = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert tool

    result = subprocess.run(
        [tool, "--offline", *map(str, FILES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
