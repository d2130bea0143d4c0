"""A policy pack and a program of components in a temporary folder, run by the real engine."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mobile_ai.contracts.documents import dump_yaml
from mobile_ai.contracts.reading import Secret
from mobile_ai.contracts.resource import Resource
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.testing import Scene, make_trust_text
from mobile_ai.testing.plan import BOUNDS

PACK = Path(__file__).parents[3] / "policy-pack"
# The stack of the scene, with the scene's bounds.
_ENTRY = {
    "environment": "dev",
    "class": "development",
    "trust": "trust/dev.yaml",
    "config": "config/dev.json",
    "bounds": BOUNDS.model_dump(mode="json", by_alias=True),
}

_PROGRAM = """
import asyncio, json, pathlib
import pulumi

def done(result):
    future = asyncio.Future()
    future.set_result(result)
    return future

def opened(value):
    if isinstance(value, dict) and "$unknown" in value:
        return pulumi.Output(set(), done(None), done(False))
    if isinstance(value, dict) and "$secret" in value:
        return pulumi.Output.secret(value["$secret"])
    if isinstance(value, dict):
        return {key: opened(item) for key, item in value.items()}
    return [opened(item) for item in value] if isinstance(value, list) else value

urns = {}
for item in json.loads(pathlib.Path("plan.json").read_text()):
    parent = urns.get(item["parent"])
    item["props"] = opened(item["props"])
    # The SDK does not wait for a component that is named in depends_on; a value it waits for.
    after = pulumi.Output.all(*[made.urn for made in urns.values()])
    props = item["props"]
    if parent is None:
        props = {key: after.apply(lambda _, value=value: value) for key, value in props.items()}
    opts = pulumi.ResourceOptions(parent=parent)
    made = pulumi.ComponentResource(item["type"], item["name"], props, opts)
    made.register_outputs(item["props"])
    urns[item["urn"]] = made
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project folder, the pack in it, and the engine."""

    root: Path
    env: dict[str, str]
    pulumi: str

    def write_plan(self, resources: Iterable[Resource]) -> None:
        plan = [
            {
                "type": item.type,
                "name": item.name,
                "urn": item.urn,
                "parent": item.parent,
                "props": dict(item.props),
            }
            for item in resources
        ]
        (self.root / "plan.json").write_text(json.dumps(plan, default=_written))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.pulumi, *arguments, "--non-interactive"],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def preview(
        self, *, config: Mapping[str, object] | None = None
    ) -> tuple[int, list[dict[str, object]], str]:
        """Return exit code, policy events and all output of a preview with the pack.

        Args:
            config: The value of `--policy-pack-config`; the option is omitted for `None`.
        """
        return self._with_events("preview", *self._with_pack(config))

    def up(
        self, *, config: Mapping[str, object] | None = None
    ) -> tuple[int, list[dict[str, object]], str]:
        return self._with_events("up", "--yes", "--skip-preview", *self._with_pack(config))

    def analyze(self, *, config: Mapping[str, object] | None = None) -> tuple[int, str]:
        """Return exit code and output of an audit of the state, which supports no event log."""
        result = self.run("policy", "analyze", "--stack", "dev", *self._with_pack(config))
        return result.returncode, result.stdout + result.stderr

    def _with_pack(self, config: Mapping[str, object] | None) -> list[str]:
        if config is None:
            return ["--policy-pack", "pack"]
        path = self.root / "pack-config.json"
        path.write_text(json.dumps(config))
        return ["--policy-pack", "pack", "--policy-pack-config", str(path)]

    def _with_events(self, *arguments: str) -> tuple[int, list[dict[str, object]], str]:
        log = self.root / "events.json"
        log.unlink(missing_ok=True)
        result = self.run(*arguments, "--event-log", str(log))
        lines = log.read_text().splitlines() if log.exists() else []
        return (
            result.returncode,
            [json.loads(line) for line in lines],
            result.stdout + result.stderr,
        )


def _written(value: object) -> dict[str, object]:
    return {"$secret": value.value} if isinstance(value, Secret) else {"$unknown": True}


def make_project(root: Path, scene: Scene) -> Project:
    """Return a project whose pack trusts the keys of a scene."""
    (root / "Pulumi.yaml").write_text("name: mobile-ai\nruntime: python\n")
    (root / "__main__.py").write_text(_PROGRAM)
    pack = root / "pack"
    shutil.copytree(PACK, pack, ignore=shutil.ignore_patterns("__pycache__", "trust"))
    (pack / "trust").mkdir()
    (pack / "trust" / "dev.yaml").write_text(make_trust_text(scene.signers))
    (pack / "stacks.yaml").write_text(dump_yaml({"stacks": {"dev": _ENTRY}}))
    # The repository's dev stack may skip rings; the scene's may not.
    config = json.loads((pack / "config" / "dev.json").read_text())
    del config["rules"]["rollout-one-ring-at-a-time"]
    (pack / "config" / "dev.json").write_text(json.dumps(config))
    manifest = (pack / "PulumiPolicy.yaml").read_text()
    (pack / "PulumiPolicy.yaml").write_text(manifest.replace("    virtualenv: ../.venv\n", ""))
    engine = locate_engine()
    env = environment(
        engine,
        home=root / "home",
        backend_url=f"file://{root / 'state'}",
        passphrase="test",
        ambient=os.environ,
        sandbox=True,
    )
    env["PULUMI_DEBUG_COMMANDS"] = "true"  # required for --event-log
    (root / "state").mkdir()
    project = Project(root=root, env=env, pulumi=str(engine.pulumi))
    made = project.run("stack", "init", "dev")
    assert made.returncode == 0, made.stderr
    return project
