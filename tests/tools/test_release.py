"""A release is built from a clean, tagged commit whose changes are written down."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.tools.release import ReleaseError, main, release_notes, tagged_version

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added
- A device.

## [0.1.0] - 2026-11-01
"""
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@example.com"))
}


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env={**os.environ, **IDENTITY},
    )


def commit(folder: Path, message: str = "x") -> None:
    git(folder, "add", "--all")
    git(folder, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository whose only commit has the tag of its version."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0.2.0"\n')
    commit(tmp_path)
    git(tmp_path, "tag", "v0.2.0")
    return tmp_path


def test_the_tag_of_a_clean_commit_is_its_version(repository: Path) -> None:
    assert tagged_version(repository) == "0.2.0"


def test_a_tree_with_a_new_file_is_refused(repository: Path) -> None:
    (repository / "new.py").touch()
    with pytest.raises(ReleaseError, match=r"such as new\.py; expected .* Next: commit or remove"):
        tagged_version(repository)


@pytest.mark.parametrize(("tag", "got"), [("", "none"), ("v0.1.0", "v0.1.0"), ("0.2.0", "0.2.0")])
def test_a_commit_without_the_tag_is_refused(tag: str, got: str, repository: Path) -> None:
    git(repository, "tag", "--delete", "v0.2.0")
    if tag:
        git(repository, "tag", tag)
    expected = rf"got {got}; expected v0\.2\.0, .* Next: git tag --sign v0\.2\.0"
    with pytest.raises(ReleaseError, match=expected):
        tagged_version(repository)


def test_a_folder_without_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    with pytest.raises(ReleaseError, match="expected a clone of the repository"):
        tagged_version(tmp_path)


def test_the_notes_are_the_section_of_the_version() -> None:
    assert release_notes(CHANGELOG, "0.2.0") == "### Added\n- A device.\n"


@pytest.mark.parametrize(("version", "got"), [("0.1.0", "an empty one"), ("0.3.0", "none")])
def test_a_version_without_notes_is_refused(version: str, got: str) -> None:
    with pytest.raises(ReleaseError, match=rf"section {version}: got {got}; .* Next: move"):
        release_notes(CHANGELOG, version)


@pytest.mark.accept  # two builds of everything, minutes: before a release
def test_a_release_is_built_from_a_clone_and_twice_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "clone", "--quiet", str(ROOT), "clone")
    clone = tmp_path / "clone"
    assert main(clone) == 2
    assert "error: tag of this commit: got none" in capsys.readouterr().err
    path = clone / "CHANGELOG.md"
    path.write_text(path.read_text() + "\n## [0.1.0] - 2026-12-01\n\n### Added\n- All of it.\n")
    commit(clone)
    git(clone, "tag", "v0.1.0")
    # A link, which the pattern for a folder does not ignore.
    (clone / ".git/info/exclude").write_text(".tools\n")
    (clone / ".tools").symlink_to((ROOT / ".tools").resolve())

    assert main(clone) == 0
    sums = (clone / "dist/SHA256SUMS").read_text()
    shutil.rmtree(clone / "dist")
    assert main(clone) == 0

    assert (clone / "dist/SHA256SUMS").read_text() == sums
    assert (clone / "dist/NOTES.md").read_text() == "### Added\n- All of it.\n"
    for line in sums.splitlines():
        digest, name = line.split()
        assert hashlib.sha256((clone / "dist" / name).read_bytes()).hexdigest() == digest
    [wheel], [source] = (clone / "dist").glob("*.whl"), (clone / "dist").glob("*.tar.gz")
    assert zipfile.is_zipfile(wheel)
    assert tarfile.is_tarfile(source)
    bom = json.loads((clone / "dist/bom.cdx.json").read_text())
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(bom)) is None
    assert {"pulumi", "tuf", "tensorflow"} <= {item["name"] for item in bom["components"]}
    assert (bom["metadata"]["component"]["name"], bom["metadata"]["component"]["version"]) == (
        "mobile-ai-delivery",
        "0.1.0",
    )
