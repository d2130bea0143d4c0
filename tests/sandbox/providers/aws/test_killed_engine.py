"""The real engine, killed in the middle of `up`: the next run goes on, nothing is made twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gate.project import Project
from gate.recovery import has_pending_operations, mend_state
from sandbox.engine import environment, locate
from sandbox.providers import install
from sandbox.services.endpoints import VARIABLE, Endpoints

from .world import World

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
import pulumi_aws as aws

provider = aws.Provider("aws", region="eu-central-1", default_tags={"tags": {"team": "edge"}})
cloud = pulumi.ResourceOptions(provider=provider)
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", opts=cloud)
for n in range(3):
    aws.ec2.Subnet(
        f"net-{n}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{n}.0/24",
        availability_zone="eu-central-1a",
        opts=cloud,
    )
    key = aws.kms.Key(f"key-{n}", description="k", enable_key_rotation=True, opts=cloud)
    aws.sns.Topic(f"topic-{n}", name=f"topic-{n}", kms_master_key_id=key.arn, opts=cloud)
    aws.apigatewayv2.Api(f"api-{n}", name=f"api-{n}", protocol_type="HTTP", opts=cloud)
bucket = aws.s3.Bucket("models", bucket="models", force_destroy=True, opts=cloud)
aws.s3.BucketObjectv2(
    "model", bucket=bucket.bucket, key="m", source=pulumi.StringAsset("model"), opts=cloud
)
"""


@dataclass(frozen=True)
class Stack:
    """A program with a state of its own."""

    project: Project
    pulumi: Path
    variables: Mapping[str, str]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.pulumi, *words, "--stack=dev", "--non-interactive", "--color=never"],
            cwd=self.project.root,
            env=dict(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def run(self, *words: str) -> str:
        process = self.start(*words)
        said, _ = process.communicate()
        assert process.returncode == 0, said
        return said

    def up_until(self, text: str, count: int) -> None:
        """Start `up` and kill the engine when its words have held a text so many times."""
        process = self.start("up", "--yes", "--skip-preview", "--suppress-progress")
        for line in process.stdout or ():
            count -= text in line
            if count <= 0:
                break
        os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(ValueError):
            process.communicate()

    def go_on(self) -> None:
        """What `mobile-ai up` does before it asks the engine."""
        mend_state(self.project)
        if has_pending_operations(self.project):
            self.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        self.run("up", "--yes", "--skip-preview")


@pytest.fixture
def stack(world: World, tmp_path: Path) -> Stack:
    root = tmp_path / "program"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (root / "__main__.py").write_text(PROGRAM)
    project = Project(root=root, stack="dev")
    project.state.mkdir(parents=True)
    endpoints = root / "build" / "endpoints.json"
    Endpoints(name="test", aws=world.endpoint).write(endpoints)
    install(project.home)
    engine = locate()
    variables = environment(
        engine,
        home=project.home,
        backend_url=project.state.as_uri(),
        passphrase="only a test",
        ambient={**os.environ, "MOBILE_AI_SANDBOX": "1", VARIABLE: str(endpoints)},
        sandbox=True,
    )
    made = Stack(project, engine.pulumi, variables)
    made.run("stack", "init")
    return made


def counted(world: World) -> dict[str, int]:
    return {name: len(ids) for name, ids in world.objects().items()}


EXPECTED = {
    "ec2:describe_vpcs": 1,
    "ec2:describe_subnets": 3,
    "kms:list_keys": 3,
    "sns:list_topics": 3,
    "apigatewayv2:get_apis": 3,
    "s3:list_buckets": 1,
}


@pytest.mark.parametrize(("text", "count"), [("creating", 3), ("created", 2), ("created", 8)])
def test_the_next_run_goes_on_where_a_killed_one_stopped(
    world: World, stack: Stack, text: str, count: int
):
    stack.up_until(text, count)
    stack.go_on()
    assert counted(world) == EXPECTED
    stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.run("destroy", "--yes", "--skip-preview")
    assert counted(world) == {}
