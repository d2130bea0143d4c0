"""Reads a Dockerfile and installs what it installs, without Docker."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = "/opt/mobile-ai/site"
# What pip is told in a recipe, and uv understands in the same words.
_SAME = {"--require-hashes", "--only-binary", "--no-deps"}
# Of pip alone: nothing is cached, compiled or asked.
_PIP = {"--no-cache-dir", "--no-compile", "--disable-pip-version-check"}


@dataclass(frozen=True)
class Instruction:
    keyword: str
    value: str
    stage: int


@dataclass(frozen=True)
class Recipe:
    """A Dockerfile; stages count from 1, what comes before the first has 0."""

    path: Path

    @cached_property
    def instructions(self) -> list[Instruction]:
        text = "\n".join(
            line for line in self.path.read_text().splitlines() if not line.lstrip().startswith("#")
        )
        found, stage = [], 0
        for line in re.sub(r"\\\n\s*", "", text).splitlines():
            if line.strip():
                keyword, _, value = line.strip().partition(" ")
                stage += keyword == "FROM"
                found.append(Instruction(keyword, value.strip(), stage))
        return found

    def all(self, keyword: str, *, last_stage: bool = False) -> list[str]:
        stages = self.instructions[-1].stage
        return [
            item.value
            for item in self.instructions
            if item.keyword == keyword and (not last_stage or item.stage == stages)
        ]

    @property
    def command(self) -> list[str]:
        [entry], [command] = (self.all(name, last_stage=True) for name in ("ENTRYPOINT", "CMD"))
        return [*json.loads(entry), *json.loads(command)]

    @property
    def environment(self) -> dict[str, str]:
        pairs = shlex.split(" ".join(self.all("ENV", last_stage=True)))
        return dict(pair.split("=", 1) for pair in pairs)

    @property
    def pip(self) -> list[str]:
        """The arguments of the one `pip install`."""
        [line] = [value for value in self.all("RUN") if "pip install" in value]
        return shlex.split(line.partition("pip install")[2])

    @property
    def requirements(self) -> Path:
        """The file that it installs from, in the repository."""
        given = self.pip[self.pip.index("-r") + 1]
        return self.path.parent / given.removeprefix("/")

    def install(self, site: Path) -> None:
        """Install by the recipe's own words, in a folder."""
        given = iter(self.pip)
        words: list[str] = []
        for word in given:
            match word:
                case "--target" | "-r":
                    next(given)
                case "--only-binary":
                    words += [word, next(given)]
                case _ if word in _SAME:
                    words.append(word)
                case _:
                    assert word in _PIP, word
        words += ["--python", interpreter(), "--target", str(site), "-r", str(self.requirements)]
        run([uv(), "pip", "install", "--quiet", "--link-mode", "hardlink", *words])


def recipes() -> Iterator[Path]:
    """Every Dockerfile of the repository."""
    for room in (path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."):
        if room.name not in {"build", "tests"}:
            yield from room.rglob("Dockerfile*")


def uv() -> str:
    local = ROOT / ".tools/uv/bin/uv"
    found = str(local) if local.exists() else shutil.which("uv")
    if found is None:
        pytest.skip("uv is not here")
    return found


def interpreter() -> str:
    """A Python of this version that every account may start, else the tests' own.

    Not the virtual environment's: it would find what an image has not.
    """
    wanted = f"python3.{sys.version_info.minor}"
    for path in (sys._base_executable, f"/usr/bin/{wanted}"):
        real = Path(path).resolve()
        if real.exists() and all(place.stat().st_mode & 0o001 for place in real.parents):
            return path
    return sys._base_executable


def run(command: list[str], *, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr[-2000:]
    return done.stdout


def path_of(tool: str) -> str:
    return shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""
