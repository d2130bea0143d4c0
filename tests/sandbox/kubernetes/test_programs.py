"""Files built with the programs of a cluster and the provider, and the provider's environment."""

import os
from pathlib import Path

import pytest

from mobile_ai.sandbox.errors import SandboxError
from mobile_ai.sandbox.kubernetes.locate import NODES
from mobile_ai.sandbox.kubernetes.locate import RECIPE as CONTROL_PLANE
from mobile_ai.sandbox.kubernetes_provider import without_current_context
from mobile_ai.sandbox.kubernetes_provider.locate import RECIPE as PROVIDER
from mobile_ai.sandbox.kubernetes_provider.run import become_provider, provider_environment
from mobile_ai.sandbox.services.endpoints import Endpoints

OURS = Endpoints(name="x", kubeconfig="/sandbox/kubeconfig")


def test_definitions_of_the_gateway_api_come_with_the_programs(tmp_path: Path) -> None:
    source = tmp_path / "source/config/crd/standard"
    source.mkdir(parents=True)
    (source / "one.yaml").write_text("kind: CustomResourceDefinition\n")
    source.chmod(0o555)
    ready = tmp_path / "ready"
    ready.mkdir()

    CONTROL_PLANE.add(ready, lambda _: tmp_path / "source")

    assert (ready / "definitions/one.yaml").exists()


def test_stages_of_nodes_and_pods_come_with_the_simulator(tmp_path: Path) -> None:
    for name in ("node/fast/a.yaml", "pod/fast/b.yaml", "pod/fast/kustomization.yaml"):
        path = tmp_path / "source/kustomize/stage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("kind: Stage\n")
    ready = tmp_path / "ready"
    ready.mkdir()

    NODES.add(ready, lambda _: tmp_path / "source")

    assert sorted(path.name for path in ready.rglob("*.yaml")) == ["a.yaml", "b.yaml"]


def test_the_schema_comes_with_the_provider(tmp_path: Path) -> None:
    source = tmp_path / "source/cmd/pulumi-resource-kubernetes"
    source.mkdir(parents=True)
    (source / "schema.json").write_text("{}")
    ready = tmp_path / "ready"
    ready.mkdir()

    PROVIDER.add(ready, lambda _: tmp_path / "source")

    assert (ready / "schema.json").read_text() == "{}"


def test_the_provider_knows_the_clusters_of_the_sandbox_and_no_others() -> None:
    ambient = {
        "KUBECONFIG": "/home/me/.kube/config",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "PULUMI_K8S_DELETE_UNREACHABLE": "true",
        "no_proxy": "*",
        "HOME": "/home/me",
    }

    given = provider_environment(OURS, ambient)

    assert given["KUBECONFIG"].split(os.pathsep)[1:] == ["/sandbox/kubeconfig"]
    assert given.keys() & {*ambient} == {"KUBECONFIG", "HOME"}
    assert given["HTTPS_PROXY"].startswith("http://127.0.0.1:")


def test_without_a_cluster_the_provider_has_no_kubeconfig_of_the_users() -> None:
    given = provider_environment(Endpoints(name="x"), {"HOME": "/home/me"})

    assert os.pathsep not in given["KUBECONFIG"]


def test_no_context_is_current_and_those_that_are_named_are_found() -> None:
    first, *rest = without_current_context("/one:/two")["KUBECONFIG"].split(os.pathsep)

    assert "current-context: name-a-context" in Path(first).read_text()
    assert rest == ["/one", "/two"]


def test_a_provider_that_is_not_built_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"python -m mobile_ai\.sandbox\.kubernetes_provider"):
        become_provider(OURS, [], {"XDG_CACHE_HOME": str(tmp_path)})
