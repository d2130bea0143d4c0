"""Git says who pinned what, from a repository made for it."""

import subprocess
from pathlib import Path

import pytest

from gate.errors import GateError
from gate.project import Project
from operations.audit.committed import committed_by


def commit(root: Path, text: str, who: str, day: int) -> None:
    (root / "Pulumi.dev.yaml").write_text(text)
    date = f"2026-11-{day:02d}T10:00:00+00:00"
    identity = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": f"{who}@example.com"}
    identity |= {"GIT_COMMITTER_NAME": "merge", "GIT_COMMITTER_EMAIL": "merge@example.com"}
    variables = {**identity, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    for arguments in (["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", root, *arguments], check=True, env=variables)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    commit(tmp_path, "sha256: aaa\n", "ada", 1)
    commit(tmp_path, "sha256: bbb\n", "grace", 2)
    commit(tmp_path, "sha256: bbb # a comment\n", "joan", 3)
    commit(tmp_path, "other: 1\n", "mary", 4)
    return Project(root=tmp_path, stack="dev")


@pytest.mark.parametrize(
    ("text", "at", "who", "day"),
    [
        ("bbb", "HEAD", "mary", "04"),
        ("bbb", "HEAD~1", "grace", "02"),
        ("aaa", "HEAD", "grace", "02"),
    ],
    ids=["who-removed-it", "who-pinned-it", "who-replaced-it"],
)
def test_who_changed_a_pin_last(project: Project, text: str, at: str, who: str, day: str) -> None:
    found = committed_by(project, at)(text)

    assert found.who == f"{who} <{who}@example.com>"
    assert found.when == f"2026-11-{day}T10:00:00Z"
    assert found.source.endswith(", Pulumi.dev.yaml")


@pytest.mark.parametrize("text", ["ccc", ""])
def test_what_git_never_had_has_no_author(project: Project, text: str) -> None:
    found = committed_by(project, "HEAD")(text)

    assert (found.who, found.note) == ("", "no commit of Pulumi.dev.yaml names it")


def test_a_commit_that_is_none_is_an_error(project: Project) -> None:
    with pytest.raises(GateError, match="git log"):
        committed_by(project, "nothing")("aaa")
