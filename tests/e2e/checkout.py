"""A copy of the checkout that a test may edit, and the gate run in it with the real engine."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile_ai.contracts.canonical import sha256_text
from mobile_ai.contracts.documents import dump_yaml, read_yaml

ROOT = Path(__file__).parents[2]
ROOMS = ("src", "components", "policy-pack", "model-build")
_SECONDS = 240
_GIT = ("-c", "user.name=test", "-c", "user.email=test@example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """Result of a gate run."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report; only of runs that got that far."""
        value: dict[str, Any] = json.loads(self.out)
        return value

    @property
    def denied_by(self) -> set[str]:
        """The rules whose mandatory violation denies."""
        found = self.report["violations"]
        return {item["rule"] for item in found if item["level"] == "mandatory"}

    def outcomes(self, rule: str) -> dict[str, int]:
        """Number of resources by outcome of a rule."""
        (found,) = (item for item in self.report["rules"] if item["id"] == rule)
        counted: dict[str, int] = found["outcomes"]
        return counted

    def messages(self, rule: str) -> str:
        """Everything that a rule says."""
        found = [item["message"] for item in self.report["violations"] if item["rule"] == rule]
        return "\n".join(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A copy of the repository, with a Git history of one commit."""

    root: Path

    def gate(self, stack: str = "dev", *arguments: str, **variables: str) -> GateRun:
        """Run `mobile-ai gate` here, with the copy's own code, and take its JSON report."""
        result = self.run("gate", "--stack", stack, "--format", "json", *arguments, **variables)
        return GateRun(code=result.returncode, out=result.stdout, err=result.stderr)

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "mobile_ai.cli.main", *arguments],
            cwd=self.root,
            env=self.environment() | variables,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        rooms = [self.root / room for room in ROOMS]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, rooms))}

    def status(self) -> str:
        """Uncommitted changes, as Git reports them."""
        return self._git("status", "--porcelain")

    def edit(self, path: str, change: Callable[[Any], None]) -> None:
        """Change a YAML file by its values."""
        file = self.root / path
        document = read_yaml(file.read_text(), name=path)
        change(document)
        file.write_text(dump_yaml(document))

    def edit_stack(self, change: Callable[[dict[str, Any]], None], *, stack: str = "dev") -> None:
        """Change the configuration of a stack; keys are those below `mobile-ai:`."""

        def apply(document: dict[str, Any]) -> None:
            config = document["config"]
            values = {key.removeprefix("mobile-ai:"): value for key, value in config.items()}
            change(values)
            document["config"] = {f"mobile-ai:{key}": value for key, value in values.items()}

        self.edit(f"Pulumi.{stack}.yaml", apply)

    def renew_pins(self, stack: str = "dev") -> None:
        """Pin every manifest as it stands now, as somebody would who edited one by hand."""

        def renew(values: dict[str, Any]) -> None:
            for entry in values["deployments"]:
                for pinned in (entry, entry.get("previous")):
                    if pinned:
                        text = (self.root / pinned["manifest"]).read_text()
                        pinned["sha256"] = sha256_text(text)

        self.edit_stack(renew, stack=stack)

    def commit(self) -> None:
        self._git("add", "-A")
        self._git(*_GIT, "commit", "-q", "--allow-empty", "-m", "state of the test")

    def _git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", self.root, *arguments], capture_output=True, text=True, check=True
        ).stdout


def copy_of_repository(target: Path) -> Checkout:
    """Copy what Git knows or would take, without environment, history and build results."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    # The stack and the pack name their environment by this path.
    (target / ".venv").symlink_to(Path(sys.prefix))
    checkout = Checkout(root=target)
    checkout._git("init", "-q", "-b", "main")
    (target / ".git" / "info" / "exclude").write_text(".venv\n")
    checkout.commit()
    return checkout


def duplicate(checkout: Checkout, target: Path) -> Checkout:
    """Copy a checkout with its build results: providers and state need not be made again."""
    shutil.copytree(checkout.root, target, symlinks=True, dirs_exist_ok=True)
    return Checkout(root=target)
