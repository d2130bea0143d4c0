"""A real engine, a project and a pack, each test with its own home and state."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mobile_ai.sandbox.engine import Engine, environment, locate_engine
from tests.waiting import until

PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

config = pulumi.Config("demo")
limit = config.get_int("limit")

def check(args, report):
    if args.resource_type != "demo:index:Box":
        return
    if limit is not None and args.props["size"] > limit:
        report(f"size {args.props['size']:g} is above {limit}")
    if args.props["size"] > 100:
        report(f"size {args.props['size']:g} is never allowed")

PolicyPack(
    name="trial",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[ResourceValidationPolicy("small-boxes", "Boxes are small.", check)],
)
"""

BOX = """
import pulumi

class Box(pulumi.ComponentResource):
    def __init__(self, name, size):
        super().__init__("demo:index:Box", name, {"size": size})
        self.register_outputs({})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A stack `dev` of project `demo`; its home and state are beside it."""

    engine: Engine
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            self.engine,
            home=self.root / "home",
            backend_url=(self.root / "state").as_uri(),
            passphrase="not secret",
            ambient=os.environ,
            sandbox=True,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.engine.pulumi, "--color=never", "--non-interactive", *arguments],
            cwd=self.root / "program",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def run(self, *arguments: str) -> Ran:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        return Ran(code=process.returncode, output=output)

    def preview(self, *arguments: str) -> Ran:
        return self.run("preview", "--stack=dev", *arguments)

    def configure(self, **values: str) -> None:
        lines = "".join(f"  demo:{name}: {json.dumps(value)}\n" for name, value in values.items())
        stack = self.root / "program/Pulumi.dev.yaml"
        stack.write_text(stack.read_text() + "config:\n" + lines)

    def pack(self, code: str, *, runtime: str = "python") -> str:
        folder = self.root / "pack"
        folder.mkdir()
        (folder / "PulumiPolicy.yaml").write_text(f"runtime: {runtime}\nversion: 1.2.3\n")
        (folder / "__main__.py").write_text(code)
        return f"--policy-pack={folder}"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine in a folder of this run, so that the run's processes can be told from others."""
    located = locate_engine()
    if located.origin == "official":
        pytest.skip("an official Pulumi brings its own language host; ours is beside a built one")
    folder = tmp_path_factory.mktemp("engine")
    for source in located.pulumi.parent.iterdir():
        shutil.copy2(source, folder)
    return replace(located, pulumi=folder / "pulumi")


@pytest.fixture(scope="session")
def fresh_stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new stack, made once; tests work on copies of it."""
    root = tmp_path_factory.mktemp("fresh")
    (root / "program").mkdir()
    (root / "state").mkdir()
    (root / "program/Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    made = Project(engine=engine, root=root).run("stack", "init", "dev")
    assert made.code == 0, made.output
    return root


@pytest.fixture
def project(engine: Engine, fresh_stack: Path, tmp_path: Path) -> Callable[..., Project]:
    def make(code: str) -> Project:
        for part in ("program", "state"):
            (tmp_path / part).mkdir()
            for source in (fresh_stack / part).rglob("*"):
                target = tmp_path / part / source.relative_to(fresh_stack / part)
                target.mkdir(exist_ok=True) if source.is_dir() else target.write_bytes(
                    source.read_bytes()
                )
        (tmp_path / "program/__main__.py").write_text(code)
        return Project(engine=engine, root=tmp_path)

    return make


@pytest.fixture
def running(tmp_path: Path, engine: Engine) -> Callable[[], str]:
    """Command lines of the processes of this test."""

    def now() -> str:
        listed = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
        )
        own = (str(tmp_path), str(engine.pulumi.parent))
        return "\n".join(
            line for line in listed.stdout.splitlines() if any(name in line for name in own)
        )

    return now


@pytest.fixture
def left_running(running: Callable[[], str]) -> Callable[[], str]:
    """The same, after a moment to end in."""

    def still_there() -> str:
        with suppress(AssertionError):
            until(lambda: not running())
        return running()

    return still_there
