"""What was judged is what is deployed, and not later than half an hour after."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate.errors import GateError
from gate.project import Project
from gate.seal import VALID_FOR, require_same, take_seal

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "policy-pack").mkdir()
    (tmp_path / "policy-pack" / "rule.py").write_text("deny = True")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}")
    (tmp_path / ".gitignore").write_text("build/")
    state = tmp_path / "build/state/.pulumi/stacks/mobile-ai"
    state.mkdir(parents=True)
    (state / "dev.json").write_text("{}")
    return Project(root=tmp_path, stack="dev")


def test_nothing_changed_passes(project):
    require_same(take_seal(project, at=NOW), take_seal(project, at=NOW + VALID_FOR))


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("Pulumi.dev.yaml", "source"),
        ("new.py", "source"),
        ("policy-pack/rule.py", "pack"),
        ("build/state/.pulumi/stacks/mobile-ai/dev.json", "state"),
    ],
)
def test_a_change_after_the_verdict_stops_the_deployment(project, path, what):
    judged = take_seal(project, at=NOW)
    (project.root / path).write_text("changed")
    with pytest.raises(GateError, match=rf"another .*{what}.*Nothing was deployed"):
        require_same(judged, take_seal(project, at=NOW))


@pytest.mark.parametrize("late", [VALID_FOR + timedelta(seconds=1), -timedelta(seconds=1)])
def test_a_verdict_too_old_or_from_the_future_does_not_count(project, late):
    with pytest.raises(GateError, match="last 30 minutes"):
        require_same(take_seal(project, at=NOW), take_seal(project, at=NOW + late))


def test_outside_of_git_nothing_is_deployed(tmp_path):
    (tmp_path / "policy-pack").mkdir()
    with pytest.raises(GateError, match="expected a checkout"):
        take_seal(Project(root=tmp_path, stack="dev"), at=NOW)
