"""`make release`: build the tagged version, with its notes and its bill of materials, into `dist/`.

    dist/  the wheel  the source distribution  bom.cdx.json  NOTES.md  SHA256SUMS

It publishes nothing. See docs/releasing.md for what a person does before and after.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from mobile_ai.edge.image import ImageError, bill_of_materials, uv_program

__all__ = ["ReleaseError", "build_release", "main", "release_notes", "tagged_version"]

ROOT: Final = Path(__file__).parents[2]


class ReleaseError(Exception):
    """A repository whose state is no release: what, got, expected, next step."""

    def __init__(self, what: str, *, got: str, expected: str, next_step: str) -> None:
        """Compose the message from its four parts."""
        super().__init__(f"{what}: got {got}; expected {expected}. Next: {next_step}")


def tagged_version(root: Path) -> str:
    """Return the version of the project, if the commit that is checked out has its tag.

    Raises:
        ReleaseError: If it has another tag or none, or a file differs from the commit.
    """
    version = str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])
    changed = _git(root, "status", "--porcelain").splitlines()
    if changed:
        raise ReleaseError(
            "working tree",
            got=f"{len(changed)} changed or new files, such as {changed[0][3:]}",
            expected="the files of a commit",
            next_step="commit or remove them",
        )
    tags = _git(root, "tag", "--points-at", "HEAD").split()
    if f"v{version}" not in tags:
        raise ReleaseError(
            "tag of this commit",
            got=", ".join(tags) or "none",
            expected=f"v{version}, the version in pyproject.toml",
            next_step=f"git tag --sign v{version} --message v{version}",
        )
    return version


def release_notes(changelog: str, version: str) -> str:
    """Return the section of a version, without its heading.

    Raises:
        ReleaseError: If there is no such section, or it says nothing.
    """
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    found = re.search(rf"(?ms){heading}\n(.*?)(?=^## |\Z)", changelog)
    if found is None or not found[1].strip():
        raise ReleaseError(
            f"CHANGELOG.md, section {version}",
            got="none" if found is None else "an empty one",
            expected=f"a section `## [{version}] - <date>` with the changes",
            next_step="move the entries of [Unreleased] there and commit",
        )
    return found[1].strip() + "\n"


def build_release(root: Path, out: Path) -> list[Path]:
    """Build a release into a folder, which is emptied first; return its files.

    Raises:
        ReleaseError: If the repository's state is no release, or a build fails.
    """
    version = tagged_version(root)
    notes = release_notes((root / "CHANGELOG.md").read_text(), version)
    bom = bill_of_materials(root, ("--all-extras",))
    shutil.rmtree(out, ignore_errors=True)
    _build(root, out)
    (out / ".gitignore").unlink(missing_ok=True)
    (out / "bom.cdx.json").write_text(json.dumps(bom, indent=1, sort_keys=True) + "\n")
    (out / "NOTES.md").write_text(notes)
    files = sorted(out.iterdir())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums))
    return [*files, out / "SHA256SUMS"]


def _build(root: Path, out: Path) -> None:
    # Times in both archives are those of the commit, so that a second build gives the same bytes.
    epoch = _git(root, "log", "-1", "--format=%ct").strip()
    done = subprocess.run(
        [uv_program(root), "build", "--quiet", "--out-dir", out.resolve(), root],
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(
            "uv build",
            got=done.stderr.strip(),
            expected="a wheel and a source distribution",
            next_step="correct what it names",
        )


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReleaseError(
            f"git {arguments[0]}",
            got=done.stderr.strip(),
            expected="a clone of the repository",
            next_step="run `make release` in a clone with its tags",
        )
    return done.stdout


def main(root: Path = ROOT) -> int:
    """Build a release and print its files; return an exit code."""
    try:
        files = build_release(root, root / "dist")
    except (ReleaseError, ImageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for path in files:
        print(path.relative_to(root))
    return 0


if __name__ == "__main__":
    sys.exit(main())
