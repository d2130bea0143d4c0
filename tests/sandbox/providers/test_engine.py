"""The stand-ins under the real engine: preview, up, change, refresh, destroy."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.sandbox.providers import install

pytestmark = pytest.mark.engine

PROGRAM = """
import os
import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

provider = aws.Provider("aws", region="eu-west-1", default_tags={"tags": {"team": "edge"}})
cloud = pulumi.ResourceOptions(provider=provider)
site = kubernetes.Provider("site", context="site")
cluster = pulumi.ResourceOptions(provider=site)
bucket = aws.s3.Bucket("models", tags={"cost": "1"}, opts=cloud)
aws.s3.BucketVersioning(
    "models",
    bucket=bucket.bucket,
    versioning_configuration={"status": os.environ["VERSIONING"]},
    opts=cloud,
)
aws.secretsmanager.SecretVersion(
    "secret", secret_id=bucket.arn, secret_string=pulumi.Output.secret("hunter2"), opts=cloud
)
labels = {"app": os.environ["LABEL"]}
kubernetes.apps.v1.Deployment(
    "edge",
    metadata={"name": "edge"},
    spec={
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "edge", "image": os.environ["IMAGE"]}]},
        },
    },
    opts=cluster,
)
if os.environ.get("WRONG"):
    aws.s3.BucketVersioning(
        "wrong", bucket="b", versioning_configuration={"status": "Enabled", "mode": "x"}, opts=cloud
    )
pulumi.export("arn", bucket.arn)
pulumi.export("tags", bucket.tags_all)
"""
CHOICES = {"VERSIONING": "Enabled", "LABEL": "a", "IMAGE": "one", "MOBILE_AI_SANDBOX": "1"}


@dataclass(frozen=True)
class Stack:
    """A program with a state of its own."""

    folder: Path
    pulumi: Path
    variables: dict[str, str]

    def run(self, *arguments: str, **choices: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.pulumi, *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.variables, **CHOICES, **choices},
            capture_output=True,
            text=True,
            check=False,
        )

    def preview(self, **choices: str) -> dict[str, dict[str, Any]]:
        """Planned steps by type and name."""
        done = self.run("preview", "--json", **choices)
        assert done.returncode == 0, done.stdout + done.stderr
        steps = json.loads(done.stdout)["steps"]
        return {"::".join(step["urn"].split("::")[2:]): step for step in steps}

    def state(self) -> dict[str, dict[str, Any]]:
        exported = json.loads(self.run("stack", "export").stdout)
        resources = exported["deployment"].get("resources", [])
        return {"::".join(entry["urn"].split("::")[2:]): entry for entry in resources}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder, home, state = (tmp_path_factory.mktemp(name) for name in ("program", "home", "state"))
    install(home)
    engine = locate_engine()
    variables = environment(
        engine,
        home=home,
        backend_url=state.as_uri(),
        passphrase="only a test",
        ambient=os.environ,
        sandbox=True,
    )
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    made = Stack(folder, engine.pulumi, variables)
    done = made.run("stack", "init", "dev")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def deployed(stack: Stack) -> Iterator[Stack]:
    done = stack.run("up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    yield stack
    done = stack.run("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr


BUCKET = "aws:s3/bucket:Bucket::models"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning::models"
DEPLOYMENT = "kubernetes:apps/v1:Deployment::edge"


def test_a_preview_plans_every_resource_and_leaves_no_complaint(stack: Stack) -> None:
    done = stack.run("preview", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr + done.stdout
    assert "prematurely" not in done.stderr + done.stdout
    assert "arn : [unknown]" in done.stdout
    assert "hunter2" not in done.stdout


def test_a_wrong_nested_property_fails_the_preview_by_its_path(stack: Stack) -> None:
    done = stack.run("preview", WRONG="1")
    assert done.returncode != 0
    assert "`versioningConfiguration.mode` is not a property of" in done.stdout + done.stderr


def test_up_outside_a_sandbox_run_creates_nothing(stack: Stack) -> None:
    done = stack.run("up", "--yes", "--skip-preview", MOBILE_AI_SANDBOX="")
    assert done.returncode != 0
    assert "refuses to create outside a sandbox run" in done.stdout + done.stderr
    assert BUCKET not in stack.state()


def test_up_keeps_made_up_ids_and_encrypted_secrets_in_the_state(deployed: Stack) -> None:
    state = deployed.state()
    assert state[BUCKET]["outputs"]["arn"] == f"arn:aws:s3:::{state[BUCKET]['id']}"
    assert state[BUCKET]["outputs"]["tagsAll"] == {"team": "edge", "cost": "1"}
    assert "hunter2" not in json.dumps(state)


def test_an_unchanged_program_changes_nothing(deployed: Stack) -> None:
    assert {step["op"] for step in deployed.preview().values()} == {"same"}


def test_a_refresh_finds_no_drift(deployed: Stack) -> None:
    done = deployed.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_changes_update_in_place_or_replace(deployed: Stack) -> None:
    updated = deployed.preview(VERSIONING="Suspended", IMAGE="two")
    assert updated[VERSIONING]["op"] == "update"
    assert updated[DEPLOYMENT]["op"] == "update"
    assert BUCKET not in updated  # an engine lists unchanged ones only when nothing changes
    replaced = deployed.preview(LABEL="b")
    assert "replace" in replaced[DEPLOYMENT]["op"]
    assert replaced[DEPLOYMENT]["detailedDiff"]["spec.selector.matchLabels.app"] == {
        "kind": "update-replace",
        "inputDiff": True,
    }
