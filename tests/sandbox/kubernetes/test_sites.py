"""The project's own edge objects at two sites, by the real engine, on two real API servers."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mobile_ai.gobuild.progress import Quiet
from mobile_ai.sandbox.engine import environment, locate_engine
from mobile_ai.sandbox.kubernetes.api import KubernetesApi
from mobile_ai.sandbox.providers import install
from mobile_ai.sandbox.services import lifecycle
from mobile_ai.sandbox.services.endpoints import ENDPOINTS_VARIABLE, Endpoints
from mobile_ai.sandbox.services.state import SandboxFolder

pytestmark = [pytest.mark.engine, pytest.mark.services, pytest.mark.xdist_group("kubernetes")]
ROOT = Path(__file__).resolve().parents[3]
DIGEST = "ab" * 32
PROGRAM = f"""
import os
import pulumi
from mobile_ai.components.endpoints.edge_endpoint import EdgeInferenceEndpoint
from mobile_ai.components.endpoints.edge_site import EdgeSite, site_provider

for name, context in (("lab", "default"), ("berlin", "berlin")):
    provider = site_provider(name, directory="unused", context=context)
    site = EdgeSite(
        f"site-{{name}}",
        {{
            "site": name,
            "region": "eu-central-1",
            "namespace": "models",
            "quota": {{"cpu": 4, "memory_gb": 8, "pods": 20}},
            "gateway": {{"class_name": "envoy", "domain": "example.com", "tls_secret": "tls"}},
            "labels": {{"mobile-ai.dev/team": "edge", "mobile-ai.dev/environment": "dev"}},
        }},
        pulumi.ResourceOptions(providers=[provider]),
    )
    EdgeInferenceEndpoint(
        f"app-{{name}}",
        {{
            "app": "app",
            "model": "digits",
            "manifest_sha256": "{DIGEST}",
            "variant": "int8-onnx",
            "image": os.environ["IMAGE"],
            "site": name,
            "region": "eu-central-1",
            "namespace": "models",
            "host": "app.example.com",
            "gateway_namespace": "envoy",
            "release_url": "https://models.example.com",
            "ring": "general",
            "canary": {{"ring": "canary", "weight": 10}},
            "replicas": {{"min": 1, "max": int(os.environ["REPLICAS"])}},
            "cpu_millis": 250,
            "memory_mb": 256,
            "rate_per_second": 5,
            "cache": {{"storage_class": "local", "size_gb": 1}},
            "labels": {{"mobile-ai.dev/team": "edge"}},
        }},
        pulumi.ResourceOptions(providers=[provider], depends_on=[site]),
    )
"""
# No provisioner runs: what a site's administrators would offer for the cache.
VOLUME = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "for-the-cache"},
    "spec": {
        "storageClassName": "local",
        "accessModes": ["ReadWriteMany"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/nowhere"},
    },
}
CHOICES = {"IMAGE": f"registry.example.com/edge@sha256:{DIGEST}", "REPLICAS": "2"}
SCALER = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}


@dataclass(frozen=True, kw_only=True)
class Sites:
    """A stack of two sites and the sandbox behind it."""

    program: Path
    pulumi: Path
    variables: dict[str, str]
    folder: SandboxFolder

    def run(self, *arguments: str, **choices: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.pulumi, *arguments, "--non-interactive"],
            cwd=self.program,
            env={**self.variables, **CHOICES, **choices},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def done(self, *arguments: str, **choices: str) -> str:
        ran = self.run(*arguments, **choices)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def api(self, site: str) -> KubernetesApi:
        cluster = Endpoints.read(self.folder.endpoints).cluster(site)
        assert cluster is not None
        return KubernetesApi.of(cluster)

    def scaler(self, site: str) -> dict[str, Any]:
        named = {**SCALER, "metadata": {"name": "app-digits", "namespace": "models"}}
        return self.api(site).read(named) or {}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    program, home, state = (tmp_path_factory.mktemp(name) for name in ("program", "home", "state"))
    folder = SandboxFolder(tmp_path_factory.mktemp("sandbox"), "sites")
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
    search = os.pathsep.join(str(ROOT / room) for room in ("src", "components", "policy-pack"))
    variables |= {"PYTHONPATH": search, "MOBILE_AI_SANDBOX": "1"}
    variables[ENDPOINTS_VARIABLE] = str(folder.endpoints)
    (program / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (program / "__main__.py").write_text(PROGRAM)
    made = Sites(program=program, pulumi=engine.pulumi, variables=variables, folder=folder)
    try:
        _start(folder)
        for site in ("lab", "berlin"):
            made.api(site).apply(VOLUME, manager="tests", dry_run=False, force=False)
        made.done("stack", "init", "dev")
        yield made
    finally:
        lifecycle.down(folder, progress=Quiet())


def _start(folder: SandboxFolder) -> None:
    wish = lifecycle.SandboxOptions(only=("kubernetes",), sites=("berlin",))
    lifecycle.up(folder, wish, ambient=os.environ, progress=Quiet())


@pytest.fixture(scope="module")
def deployed(sites: Sites) -> Sites:
    sites.done("up", "--yes", "--skip-preview")
    return sites


def test_both_sites_get_every_object(deployed: Sites) -> None:
    assert deployed.scaler("lab")["spec"]["maxReplicas"] == 2
    assert deployed.scaler("berlin")["spec"]["maxReplicas"] == 2
    assert deployed.scaler("lab")["metadata"]["uid"] != deployed.scaler("berlin")["metadata"]["uid"]


def test_controllers_and_a_simulated_node_make_the_pods_ready_inside_the_quota(
    deployed: Sites,
) -> None:
    for site in ("lab", "berlin"):
        place = {"namespace": "models"}
        quota = {"apiVersion": "v1", "kind": "ResourceQuota"}
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment"}
        api = deployed.api(site)
        counted = api.read({**quota, "metadata": {**place, "name": "mobile-ai"}})
        running = api.read({**deployment, "metadata": {**place, "name": "app-digits"}})
        assert counted is not None
        assert running is not None
        assert counted["status"]["used"]["pods"] == "2"  # stable and canary
        assert running["status"]["availableReplicas"] == 1


def test_a_refresh_finds_nothing_changed_and_up_changes_nothing(deployed: Sites) -> None:
    deployed.done("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


def test_the_projects_admission_policies_speak_at_preview(deployed: Sites) -> None:
    ran = deployed.run("preview", IMAGE="registry.example.com/edge:latest")

    assert ran.returncode != 0
    assert "denied request" in ran.stdout
    assert "ValidatingAdmissionPolicy 'mobile-ai-models-" in ran.stdout


def test_an_edit_by_hand_is_found_and_not_overwritten_unseen(deployed: Sites) -> None:
    edited = {**SCALER, "metadata": {"name": "app-digits", "namespace": "models"}}
    edited["spec"] = {"maxReplicas": 9}
    deployed.api("lab").apply(edited, manager="console", dry_run=False, force=True)

    found = deployed.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    refused = deployed.run("up", "--yes", "--skip-preview")
    edited["spec"] = {"maxReplicas": 2}  # the editor agrees again ...
    deployed.api("lab").apply(edited, manager="console", dry_run=False, force=True)
    deployed.done("up", "--yes", "--skip-preview")
    edited["spec"] = {}  # ... and gives the field back
    deployed.api("lab").apply(edited, manager="console", dry_run=False, force=True)

    assert found.returncode != 0
    assert 'conflict with "console"' in refused.stdout
    assert deployed.scaler("lab")["spec"]["maxReplicas"] == 2


def test_one_site_down_the_other_updates_and_the_next_run_goes_on(deployed: Sites) -> None:
    pids = {one.name: one.pid for one in lifecycle.status(deployed.folder)}
    os.kill(pids["kubernetes-berlin"], signal.SIGKILL)
    ran = deployed.run("up", "--yes", "--skip-preview", "--continue-on-error", REPLICAS="4")
    lab = deployed.scaler("lab")["spec"]["maxReplicas"]
    _start(deployed.folder)
    before = deployed.scaler("berlin")["spec"]["maxReplicas"]
    deployed.done("up", "--yes", "--skip-preview", REPLICAS="4")

    assert ran.returncode != 0
    assert "connection refused" in ran.stdout
    assert (lab, before) == (4, 2)
    assert deployed.scaler("berlin")["spec"]["maxReplicas"] == 4


def test_destroy_leaves_nothing(deployed: Sites) -> None:
    deployed.done("destroy", "--yes", "--skip-preview")

    for site in ("lab", "berlin"):
        api = deployed.api(site)
        namespaces = api.request("get", "/api/v1/namespaces")["items"]
        policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
        assert "models" not in {one["metadata"]["name"] for one in namespaces}
        assert api.request("get", policies)["items"] == []
