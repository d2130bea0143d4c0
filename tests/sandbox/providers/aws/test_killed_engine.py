"""Real engine killed during `up`: the next run resumes, nothing is created twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from moto.moto_api._internal import moto_api_backend

from mobile_ai.gate.project import Project
from mobile_ai.gate.state.recovery import has_pending_operations, mend_state
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.sandbox.providers import install
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE, Endpoints

from .world import World, fault

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

    def up_without_provider(self, count: int) -> None:
        """Start `up`, and kill only the provider's process once so many objects are begun."""
        process = self.start("up", "--yes", "--skip-preview", "--suppress-progress")
        said, killed = [], 0
        for line in process.stdout or ():
            said.append(line)
            if "creating" in line and sum("creating" in one for one in said) == count:
                killed = kill_providers(process.pid)
        assert process.wait() != 0, said
        assert killed, said

    def go_on(self) -> None:
        """Recover like `mobile-ai up` does before it runs the engine."""
        mend_state(self.project)
        if has_pending_operations(self.project):
            self.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        self.run("up", "--yes", "--skip-preview")


def kill_providers(engine: int) -> int:
    """Kill the stand-in's processes below the engine; return how many."""
    killed = 0
    for one in psutil.Process(engine).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if "mobile_ai.sandbox.providers.aws" in " ".join(one.cmdline()):
                one.kill()
                killed += 1
    return killed


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
    engine = locate_engine()
    variables = environment(
        engine,
        home=project.home,
        backend_url=project.state.as_uri(),
        passphrase="only a test",
        ambient={**os.environ, "MOBILE_AI_SANDBOX": "1", ENDPOINTS_VARIABLE: str(endpoints)},
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


@pytest.mark.parametrize(
    ("text", "count"),
    [
        fault("engine killed amid the first objects", "created", 2),
        fault("engine killed before the first object", "creating", 3, later=True),
        fault("engine killed amid the last objects", "created", 8, later=True),
    ],
)
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


@pytest.mark.fault("provider killed, engine left running")
def test_the_next_run_goes_on_where_a_provider_died_alone(world: World, stack: Stack):
    stack.up_without_provider(4)
    stack.go_on()
    assert counted(world) == EXPECTED
    stack.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    stack.run("destroy", "--yes", "--skip-preview")
    assert counted(world) == {}


@pytest.mark.fault("API restarted, everything in it forgotten")
def test_what_an_api_forgot_is_made_again(world: World, stack: Stack):
    stack.run("up", "--yes", "--skip-preview")
    moto_api_backend.reset()
    stack.run("refresh", "--yes", "--skip-preview")
    stack.go_on()
    assert counted(world) == EXPECTED


@pytest.mark.fault("endpoints file names an API that has gone")
def test_an_api_that_has_gone_is_named_and_nothing_is_recorded(world: World, stack: Stack):
    path = Path(stack.variables[ENDPOINTS_VARIABLE])
    here = path.read_text()
    Endpoints(name="test", aws="http://127.0.0.1:9").write(path)
    process = stack.start("up", "--yes", "--skip-preview")
    said, _ = process.communicate()
    assert process.returncode != 0
    assert "mobile-ai sandbox status" in said
    path.write_text(here)
    stack.go_on()
    assert counted(world) == EXPECTED
