"""Files that a pull request brings to the judge: its data, and no code that could judge."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".github" / "scripts" / "take-data.sh"
BASE = {
    "Pulumi.dev.yaml": "old",
    "Pulumi.gone.yaml": "old",
    "Pulumi.yaml": "program",
    "__main__.py": "old",
    "models/m/manifest.yaml": "old",
    "policy-pack/trust/dev.yaml": "old",
    "policy-pack/waivers/dev/w.yaml": "old",
}


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        command = ["git", "-C", str(self.root), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text is not None and text.startswith("-> "):
                path.symlink_to(text.removeprefix("-> "))
            elif text is not None:
                path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def files(self) -> dict[str, str]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {
            path.relative_to(self.root).as_posix(): path.read_text()
            for path in found
            if ".git" not in path.parts
        }

    def take(self, commit: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(SCRIPT), commit],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path)
    found.commit(dict(BASE))
    found.git("branch", "change")
    return found


def proposed(repository: Repository, files: dict[str, str | None]) -> str:
    repository.git("switch", "--quiet", "change")
    commit = repository.commit(files)
    repository.git("switch", "--quiet", "main")
    return commit


def test_data_is_taken_and_code_is_not(repository: Repository) -> None:
    commit = proposed(
        repository,
        {
            "Pulumi.dev.yaml": "new",
            "Pulumi.gone.yaml": None,
            "Pulumi.yaml": "evil",
            "__main__.py": "evil",
            "models/m/manifest.yaml": "new",
            "models/ü n/*.yaml": "new",
            "policy-pack/trust/dev.yaml": "evil",
            "policy-pack/waivers/dev/w.yaml": None,
            "usage/dev/a.yaml": "new",
        },
    )

    result = repository.take(commit)

    assert result.returncode == 0, result.stderr
    assert repository.files() == {
        "Pulumi.dev.yaml": "new",
        "Pulumi.yaml": "program",
        "__main__.py": "old",
        "models/m/manifest.yaml": "new",
        "models/ü n/*.yaml": "new",
        "policy-pack/trust/dev.yaml": "old",
        "usage/dev/a.yaml": "new",
    }
    assert result.stdout.splitlines()[1:] == [
        "- Pulumi.yaml",
        "- __main__.py",
        "- policy-pack/trust/dev.yaml",
    ]


@pytest.mark.parametrize(
    "name", ["models/m/link.yaml", "models/ü.yaml", "Pulumi.dev.yaml", "policy-pack/waivers/w"]
)
def test_a_link_in_the_data_is_refused_and_nothing_is_taken(
    repository: Repository, name: str
) -> None:
    before = repository.files()
    commit = proposed(repository, {name: "-> ../../../etc/passwd", "usage/dev/a.yaml": "new"})

    result = repository.take(commit)

    assert result.returncode == 2
    assert name in result.stderr
    assert repository.files() == before


def test_what_the_branch_changed_meanwhile_is_not_held_against_the_change(
    repository: Repository,
) -> None:
    commit = proposed(repository, {"Pulumi.dev.yaml": "new"})
    repository.commit({"__main__.py": "newer"})

    assert repository.take(commit).stdout == ""
    assert repository.files()["__main__.py"] == "newer"


def test_a_commit_that_is_not_there_is_an_error(repository: Repository) -> None:
    result = repository.take("f" * 40)

    assert result.returncode == 2
    assert "expected a commit that was fetched" in result.stderr


def test_the_merge_is_judged_and_not_what_a_branch_that_is_behind_brings_back(
    repository: Repository,
) -> None:
    """The branch was made before the protected one took a halt in; merging keeps the halt."""
    commit = proposed(repository, {"usage/dev/a.yaml": "new"})
    repository.commit({"Pulumi.dev.yaml": "halted", "models/n/manifest.yaml": "new"})

    assert repository.take(commit).returncode == 0

    files = repository.files()
    assert files["Pulumi.dev.yaml"] == "halted"
    assert files["models/n/manifest.yaml"] == "new"
    assert files["usage/dev/a.yaml"] == "new"


def test_a_conflict_is_no_verdict_and_nothing_is_taken(repository: Repository) -> None:
    commit = proposed(repository, {"Pulumi.dev.yaml": "theirs"})
    repository.commit({"Pulumi.dev.yaml": "ours"})
    before = repository.files()

    result = repository.take(commit)

    assert result.returncode == 2
    assert "expected a commit that merges without a conflict" in result.stderr
    assert repository.files() == before


@pytest.mark.parametrize("attributes", ["*.yaml merge=ours", "*.yaml merge=union", "*.yaml -merge"])
def test_a_request_does_not_choose_how_it_is_merged(
    repository: Repository, attributes: str
) -> None:
    base = {"Pulumi.dev.yaml": "a\nb\nc\nd\ne\n"}
    repository.commit(base)
    repository.git("branch", "--force", "change")
    commit = proposed(
        repository, {".gitattributes": attributes, "Pulumi.dev.yaml": "A\nb\nc\nd\ne\n"}
    )
    repository.git("config", "merge.ours.driver", "true")
    repository.commit({"Pulumi.dev.yaml": "a\nb\nc\nd\nE\n"})

    assert repository.take(commit).returncode == 0
    assert repository.files()["Pulumi.dev.yaml"] == "A\nb\nc\nd\nE\n"


@pytest.mark.parametrize("name", ["models/.gitattributes", "models/m/.gitmodules"])
def test_settings_of_git_among_the_data_are_refused(repository: Repository, name: str) -> None:
    result = repository.take(proposed(repository, {name: "* text"}))

    assert result.returncode == 2
    assert name in result.stderr


def test_names_that_differ_by_case_alone_are_refused(repository: Repository) -> None:
    """On another file system one would replace the other after the judgement."""
    result = repository.take(proposed(repository, {"models/M/manifest.yaml": "new"}))

    assert result.returncode == 2
    assert "models/M/manifest.yaml" in result.stderr


def test_bytes_are_taken_as_they_were_committed(repository: Repository) -> None:
    commit = proposed(repository, {"models/m/manifest.yaml": "a\r\nb\n"})
    (repository.root / ".git/info").mkdir(exist_ok=True)
    (repository.root / ".git/info/attributes").write_text("*.yaml text eol=crlf ident\n")

    assert repository.take(commit).returncode == 0
    assert (repository.root / "models/m/manifest.yaml").read_bytes() == b"a\r\nb\n"


def test_a_name_writes_no_line_of_its_own_into_log_and_summary(repository: Repository) -> None:
    commit = proposed(repository, {"a\n::add-mask::PASS\u001b[2J.py": "new"})

    lines = repository.take(commit).stdout.splitlines()

    assert len(lines) == 2
    assert lines[1].startswith("- a?::add-mask::PASS?[2J.py")


def test_roots_that_a_request_proposes_lie_beside_those_in_force(repository: Repository) -> None:
    listed = "policy-pack/stacks.yaml"
    commit = proposed(repository, {listed: "theirs", "usage/dev/a.yaml": "new"})

    result = repository.take(commit)

    assert result.returncode == 0, result.stderr
    found = repository.files()
    assert listed not in found
    assert found["build/proposed/stacks.yaml"] == "theirs"
