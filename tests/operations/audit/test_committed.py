"""Git identifies the author of a pin, in a generated repository."""

import subprocess
from pathlib import Path

import pytest

from mobile_ai.gate.errors import GateError
from mobile_ai.gate.project import Project
from mobile_ai.operations.audit.blame import pinned_by

OLD, NEW = "a" * 64, "b" * 64
ENTRY = "    - {{app: field, model: digits, version: {}, sha256: {}, previous: {{sha256: {}}}}}\n"
HEAD = "config:\n  mobile-ai:deployments:\n"
FIRST = HEAD + ENTRY.format("1.0.0", OLD, NEW)
SECOND = HEAD + ENTRY.format("1.1.0", NEW, OLD)


def commit(root: Path, text: str, who: str, day: int) -> None:
    (root / "Pulumi.dev.yaml").write_text(text)
    date = f"2026-11-{day:02d}T10:00:00+02:00"
    identity = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": f"{who}@example.com"}
    identity |= {"GIT_COMMITTER_NAME": "merge", "GIT_COMMITTER_EMAIL": "merge@example.com"}
    variables = {**identity, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    for arguments in (["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", root, *arguments], check=True, env=variables)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    history = (
        ("ada", FIRST),
        ("grace", SECOND),
        ("joan", f"{SECOND}  mobile-ai:other: 1\n"),
        ("mary", FIRST),  # the same digests are in the file as before, at other places
        ("ann", "config: {}\n"),
    )
    for day, (who, text) in enumerate(history, 1):
        commit(tmp_path, text, who, day)
    return Project(root=tmp_path, stack="dev")


@pytest.mark.parametrize(
    ("at", "who", "day"),
    [("HEAD", "ann", 5), ("HEAD~1", "mary", 4), ("HEAD~2", "grace", 2), ("HEAD~4", "ada", 1)],
    ids=["removed", "rolled-back", "pinned-before-another-change", "since-the-first-commit"],
)
def test_who_pinned_it_is_the_author_since_when_it_is_so(
    project: Project, at: str, who: str, day: int
) -> None:
    found = pinned_by(project, at)("field-digits")

    assert found.who == f"{who} <{who}@example.com>"
    assert found.when == f"2026-11-{day:02d}T08:00:00Z"
    assert found.source.endswith(", Pulumi.dev.yaml")


def test_what_git_never_had_has_no_author(project: Project) -> None:
    found = pinned_by(project, "HEAD")("other-digits")

    assert (found.who, found.note) == ("", "no commit of Pulumi.dev.yaml has it")


def test_a_commit_that_is_none_is_an_error(project: Project) -> None:
    with pytest.raises(GateError, match="nothing"):
        pinned_by(project, "nothing")("field-digits")
