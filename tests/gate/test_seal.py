"""Only what was evaluated is deployed, within half an hour."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile_ai.gate.deploy.seal import VALID_FOR, Seal, require_same, state_digest, take_seal
from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "policy-pack").mkdir()
    (tmp_path / "policy-pack" / "rule.py").write_text("deny = True")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}")
    (tmp_path / ".gitignore").write_text("build/")
    return Project(root=tmp_path, stack="dev")


def sealed(project: Project, *, at: datetime = NOW, cloud: str = "aws", state: str = "s") -> Seal:
    return take_seal(project, cloud=cloud, state=state, at=at)


def commit(project: Project) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    command = ["git", "-C", project.root, *who, "commit", "-q", "--allow-empty", "-m", "one"]
    subprocess.run(command, check=True)


def test_nothing_changed_passes(project):
    require_same(sealed(project), sealed(project, at=NOW + VALID_FOR))


def test_what_git_ignores_is_not_judged(project):
    judged = sealed(project)
    (project.root / "build").mkdir()
    (project.root / "build" / "log").write_text("new")
    require_same(judged, sealed(project))


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("Pulumi.dev.yaml", "source"),
        ("new.py", "source"),
        ("policy-pack/rule.py", "pack"),
    ],
)
def test_a_change_after_the_verdict_stops_the_deployment(project, path, what):
    judged = sealed(project)
    (project.root / path).write_text("changed")
    with pytest.raises(GateError, match=rf"another .*{what}.*Nothing was deployed"):
        require_same(judged, sealed(project))


@pytest.mark.parametrize("what", ["state", "cloud"])
def test_another_state_or_cloud_stops_the_deployment(project, what):
    with pytest.raises(GateError, match=f"another {what} than"):
        require_same(sealed(project), sealed(project, **{what: "other"}))


def test_another_commit_with_the_same_files_stops_the_deployment(project):
    judged = sealed(project)
    commit(project)
    with pytest.raises(GateError, match="another commit than"):
        require_same(judged, sealed(project))


def test_digest_of_a_state_is_of_its_content_not_its_spelling():
    state = {"version": 3, "deployment": {"manifest": {"time": "1"}, "resources": []}}
    assert state_digest(state) == state_digest(dict(reversed(state.items())))
    later = {**state, "deployment": {**state["deployment"], "manifest": {"time": "2"}}}
    assert state_digest(state) != state_digest(later)


@pytest.mark.parametrize("late", [VALID_FOR + timedelta(seconds=1), -timedelta(seconds=1)])
def test_a_verdict_too_old_or_from_the_future_does_not_count(project, late):
    with pytest.raises(GateError, match="last 30 minutes"):
        require_same(sealed(project), sealed(project, at=NOW + late))


def test_outside_of_git_nothing_is_deployed(tmp_path):
    (tmp_path / "policy-pack").mkdir()
    with pytest.raises(GateError, match="expected a checkout"):
        sealed(Project(root=tmp_path, stack="dev"))
