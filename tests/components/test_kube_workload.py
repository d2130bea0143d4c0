"""Pods of a model: isolated, and without any model version."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mobile_ai.components.endpoints import kube_site, kube_workload
from mobile_ai.components.endpoints.kube_workload import Workload

IMAGE = "registry.example.com/edge@sha256:" + "a" * 64
WORKLOAD = Workload(
    name="app-digits",
    image=IMAGE,
    cpu_millis=250,
    memory_mb=256,
    claim=None,
    labels={"mobile-ai.dev/team": "t"},
)


def spec(workload: Workload = WORKLOAD, **changes: Any) -> dict[str, Any]:
    arguments = {"track": "stable", "replicas": None, "environment": {"A": "1"}, **changes}
    return kube_workload.deployment(workload, **arguments)


def pod() -> dict[str, Any]:
    value: dict[str, Any] = spec()["template"]["spec"]
    return value


def container() -> dict[str, Any]:
    [value] = pod()["containers"]
    return dict(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("runAsNonRoot", True),
        ("allowPrivilegeEscalation", False),
        ("privileged", False),
        ("readOnlyRootFilesystem", True),
        ("capabilities", {"drop": ["ALL"]}),
        ("seccompProfile", {"type": "RuntimeDefault"}),
    ],
)
def test_a_container_keeps_to_the_restricted_standard(path: str, value: object) -> None:
    assert container()["securityContext"][path] == value


def test_a_pod_has_no_token_and_shares_nothing_with_its_host() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod().keys()
    assert all("hostPath" not in volume for volume in pod()["volumes"])


def test_a_container_has_limits_equal_to_its_requests() -> None:
    wanted = {"cpu": "250m", "memory": "256Mi", "ephemeral-storage": "1152Mi"}

    assert container()["resources"] == {"requests": wanted, "limits": wanted}


@pytest.mark.parametrize("claim", [None, "app-digits"])
def test_a_pod_may_fill_its_own_volumes_and_logs_and_no_more_of_the_node(
    claim: str | None,
) -> None:
    found = spec(replace(WORKLOAD, claim=claim))["template"]["spec"]
    sizes = [
        int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi"))
        for volume in found["volumes"]
        if "emptyDir" in volume
    ]
    limit = found["containers"][0]["resources"]["limits"]["ephemeral-storage"]

    assert int(limit.removesuffix("Mi")) == sum(sizes) + 64


def test_the_quota_of_a_site_holds_the_disk_of_as_many_pods_as_it_allows() -> None:
    largest = int(container()["resources"]["limits"]["ephemeral-storage"].removesuffix("Mi"))
    hard = kube_site.quota(cpu=4, memory_gb=8, pods=20)["hard"]
    [limits] = kube_site.limit_range()["limits"]

    assert hard["limits.ephemeral-storage"] == hard["requests.ephemeral-storage"]
    assert hard["limits.ephemeral-storage"] == f"{20 * largest}Mi"
    # With a quota on it, a pod that says nothing would be refused.
    for kind in ("default", "defaultRequest"):
        assert int(limits[kind]["ephemeral-storage"].removesuffix("Mi")) <= largest


def test_probes_ask_the_paths_of_the_inference_protocol() -> None:
    paths = {
        probe: container()[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    }

    assert paths == {
        "startupProbe": "/v2/health/ready",
        "readinessProbe": "/v2/health/ready",
        "livenessProbe": "/v2/health/live",
    }


def test_the_cache_is_a_volume_where_the_site_has_one() -> None:
    claimed = Workload(
        name="n", image=IMAGE, cpu_millis=1, memory_mb=1, claim="app-digits", labels={}
    )
    [cache, *_] = spec(claimed)["template"]["spec"]["volumes"]

    assert cache == {"name": "cache", "persistentVolumeClaim": {"claimName": "app-digits"}}
    assert "emptyDir" in pod()["volumes"][0]


def test_the_number_of_pods_is_left_to_the_autoscaler() -> None:
    assert "replicas" not in spec()
    assert spec(replicas=1)["replicas"] == 1


def test_a_selector_tells_stable_from_canary_pods() -> None:
    stable, canary = spec()["selector"], spec(track="canary")["selector"]

    assert stable != canary
    assert stable["matchLabels"].items() <= spec()["template"]["metadata"]["labels"].items()


def test_pods_are_told_their_place_and_no_version() -> None:
    environment = kube_workload.pod_environment(
        app="a", model="digits", variant="int8-onnx", ring="canary", site="lab"
    )

    assert environment["MOBILE_AI_RING"] == "canary"
    assert not [name for name in environment if "VERSION" in name or "SHA256" in name]


def test_only_the_gateway_reaches_a_pod() -> None:
    [rule] = kube_workload.network_policy("n", gateway_namespace="gw")["ingress"]

    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gw"}}}
    ]


def test_a_pod_reaches_neither_the_metadata_service_nor_private_networks() -> None:
    _, releases = kube_workload.network_policy("n", gateway_namespace="gw")["egress"]
    [block] = [item["ipBlock"] for item in releases["to"]]

    assert {"169.254.0.0/16", "10.0.0.0/8"} <= set(block["except"])
    assert releases["ports"] == [{"port": 443, "protocol": "TCP"}]


def test_a_route_splits_by_weight() -> None:
    route = kube_workload.route(
        gateway="g", hostname="h", model="digits", backends=[("a", 95), ("b", 5)]
    )
    [rule] = route["rules"]

    assert [(item["name"], item["weight"]) for item in rule["backendRefs"]] == [("a", 95), ("b", 5)]
    assert rule["matches"][0]["path"]["value"] == "/v2/models/digits"


def test_every_object_is_plain_json() -> None:
    assert json.loads(json.dumps(spec())) == spec()
