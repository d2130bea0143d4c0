"""The provider writes changed objects only; a bundle from the state holds all of them."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mobile_ai.gate.state.rendered import INDEX, site_bundles, write_bundle
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.sandbox.providers import install
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE, Endpoints

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("kubernetes")]
PROGRAM = """
import os
import pulumi
import pulumi_kubernetes as k8s

provider = k8s.Provider("site-lab", render_yaml_to_directory="build/sites/dev/lab")
inside = pulumi.ResourceOptions(provider=provider)
k8s.core.v1.Namespace("models", metadata={"name": "models"}, opts=inside)
for name in os.environ["MAPS"].split():
    data = {"text": "on", "version": "1.10", "tag": os.environ["TAG"]}
    k8s.core.v1.ConfigMap(
        name, metadata={"name": name, "namespace": "models"},
        data=data if name == "changing" else {"lines": "a\\nb: c\\n", "empty": ""}, opts=inside,
    )
k8s.apiextensions.v1.CustomResourceDefinition(
    "things",
    metadata={"name": "things.example.com"},
    spec={
        "group": "example.com",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
            "openAPIV3Schema": {"type": "object", "x_kubernetes_preserve_unknown_fields": True},
        }}],
    },
    opts=inside,
)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Callable[..., str]:
    home, state, program = (tmp_path / name for name in ("home", "state", "program"))
    for folder in (home, state, program):
        folder.mkdir()
    install(home)
    found = locate_engine()
    endpoints = tmp_path / "endpoints.json"
    Endpoints(name="x").write(endpoints)
    variables = environment(
        found,
        home=home,
        backend_url=state.as_uri(),
        passphrase="only a test",
        ambient=os.environ,
        sandbox=True,
    )
    variables |= {"MOBILE_AI_SANDBOX": "1", ENDPOINTS_VARIABLE: str(endpoints)}
    (program / ".gitignore").write_text("build/\nPulumi.dev.yaml\n__pycache__/\n")
    (program / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (program / "__main__.py").write_text(PROGRAM)

    def run(*arguments: str, maps: str = "changing kept", tag: str = "a") -> str:
        ran = subprocess.run(
            [found.pulumi, *arguments, "--non-interactive"],
            cwd=program,
            env={**variables, "MAPS": maps, "TAG": tag},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run("stack", "init", "dev")
    return run


def contents(folder: Path) -> dict[str, object]:
    return {
        path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text())
        for path in folder.rglob("*.yaml")
    }


def test_a_fresh_checkout_gets_a_part_of_the_bundle_and_the_state_makes_it_whole(engine, tmp_path):
    folder = tmp_path / "program/build/sites/dev/lab"
    up = ("up", "--yes", "--skip-preview")
    engine(*up, tag="a")
    shutil.rmtree(folder)
    engine(*up, tag="b")
    partial = contents(folder)
    shutil.rmtree(folder)
    engine("destroy", "--yes", "--skip-preview")
    engine(*up, tag="b")
    rendered = contents(folder)

    (bundle,) = site_bundles(json.loads(engine("stack", "export")))
    write_bundle(bundle, folder, stack="dev", commit="c" * 40, clean=True)

    assert [*partial] == ["1-manifest/v1-configmap-models-changing.yaml"]
    assert len(rendered) == 4
    assert contents(folder) == rendered
    assert [*json.loads((folder / INDEX).read_text())["files"]] == sorted(rendered)

    engine(*up, tag="b", maps="changing")
    (bundle,) = site_bundles(json.loads(engine("stack", "export")))
    assert set(bundle.files) == {name for name in rendered if not name.endswith("-kept.yaml")}


def test_the_engine_records_the_commit_that_the_index_names(engine, tmp_path):
    git = ["git", "-C", tmp_path / "program", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    engine("up", "--yes", "--skip-preview", maps="")
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)

    (last,) = json.loads(engine("stack", "history", "--json"))

    recorded = {key: last["environment"].get(key) for key in ("git.head", "git.dirty")}
    assert (last["kind"], last["result"]) == ("update", "succeeded")
    assert recorded == {"git.head": head.stdout.strip(), "git.dirty": "false"}
