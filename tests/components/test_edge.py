"""Edge site and inference endpoint: the resources sent to the engine."""

import re
from pathlib import Path

import pytest

from mobile_ai.components.endpoints.edge_site import site_provider
from mobile_ai.governance.admission import admission_policies
from tests.components.support import Engine, declare

SITE = "field-assistant-digits-dublin"


def test_a_namespace_enforces_the_restricted_standard(prod: Engine) -> None:
    namespace = prod.one("core/v1:Namespace", "site-dublin-namespace").inputs["metadata"]

    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_site_denies_all_traffic_that_nothing_allows(prod: Engine) -> None:
    policy = prod.one("v1:NetworkPolicy", "site-dublin-default-deny").inputs

    assert policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_everything_inside_a_site_waits_for_its_namespace(prod: Engine) -> None:
    namespace = prod.one("core/v1:Namespace", "site-dublin-namespace").urn
    inside = [
        item
        for item in prod.registered
        if item.name.startswith(("site-dublin-", SITE))
        and "namespace" in item.inputs.get("metadata", {})
    ]

    assert len(inside) > 10
    assert all(namespace in item.dependencies for item in inside if "site-" in item.name)


@pytest.mark.parametrize("rule", [policy.rule for policy in admission_policies()])
def test_admission_fails_closed_and_denies(rule: str, prod: Engine) -> None:
    name = f"site-dublin-{rule}"
    policy = prod.one(":ValidatingAdmissionPolicy", name).inputs
    binding = prod.one(":ValidatingAdmissionPolicyBinding", name).inputs["spec"]

    assert policy["spec"]["failurePolicy"] == "Fail"
    assert binding["policyName"] == policy["metadata"]["name"]
    assert binding["validationActions"] == ["Deny"]
    assert binding["matchResources"]["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": "mobile-ai"
    }


def test_admission_wants_the_annotation_that_deployments_carry(prod: Engine) -> None:
    name = "site-dublin-leaf-bound-to-verified-model"
    spec = prod.one(":ValidatingAdmissionPolicy", name).inputs["spec"]
    deployment = prod.one("v1:Deployment", f"{SITE}-stable").inputs
    [wanted] = re.findall(
        r"'(mobile-ai\.dev/[a-z0-9-]+)' in", spec["validations"][-1]["expression"]
    )

    assert wanted in deployment["metadata"]["annotations"]


def test_sites_have_a_provider_each_and_no_kubeconfig(prod: Engine) -> None:
    providers = prod.of_type("pulumi:providers:kubernetes")

    assert {item.inputs["renderYamlToDirectory"] for item in providers} == {
        "build/sites/prod/frankfurt",
        "build/sites/prod/dublin",
    }
    assert all("kubeconfig" not in item.inputs for item in providers)


def test_objects_of_a_site_go_through_its_own_provider(prod: Engine) -> None:
    for site in ("dublin", "frankfurt"):
        objects = [
            item
            for item in prod.registered
            if item.type.startswith("kubernetes:") and site in item.name
        ]
        assert {item.provider.split("::")[-2] for item in objects} == {f"site-{site}"}


def test_a_push_site_uses_a_context_and_renders_nothing() -> None:
    engine = declare(lambda: site_provider("lab", directory="build/x", context="lab-admin"))
    provider = engine.one("pulumi:providers:kubernetes").inputs

    assert provider["context"] == "lab-admin"
    assert "renderYamlToDirectory" not in provider


def test_a_canary_is_a_deployment_and_a_weight(prod: Engine) -> None:
    [rule] = prod.one(":HTTPRoute", f"{SITE}-route").inputs["spec"]["rules"]
    canary = prod.one("v1:Deployment", f"{SITE}-canary").inputs["spec"]

    assert [item["weight"] for item in rule["backendRefs"]] == [95, 5]
    assert canary["replicas"] == 1


def test_stable_and_canary_pods_subscribe_to_their_rings(prod: Engine) -> None:
    found = {}
    for track in ("stable", "canary"):
        spec = prod.one("v1:Deployment", f"{SITE}-{track}").inputs["spec"]["template"]["spec"]
        [variables] = [item["env"] for item in spec["containers"]]
        found[track] = {item["name"]: item["value"] for item in variables}

    assert found["stable"]["MOBILE_AI_RING"] == "general"
    assert found["canary"]["MOBILE_AI_RING"] == "canary"
    assert found["stable"]["MOBILE_AI_SITE"] == "dublin"
    assert found["stable"]["MOBILE_AI_RELEASE_URL"] == "https://models.mobile-ai.example.com/"


def test_the_route_leads_to_services_that_exist(prod: Engine) -> None:
    [rule] = prod.one(":HTTPRoute", f"{SITE}-route").inputs["spec"]["rules"]
    services = {item.inputs["metadata"]["name"] for item in prod.of_type("core/v1:Service")}

    assert {item["name"] for item in rule["backendRefs"]} <= services


def test_the_autoscaler_scales_the_stable_deployment(prod: Engine) -> None:
    spec = prod.one("HorizontalPodAutoscaler", f"{SITE}-autoscaler").inputs["spec"]
    stable = prod.one("v1:Deployment", f"{SITE}-stable").inputs["metadata"]["name"]

    assert spec["scaleTargetRef"]["name"] == stable
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 4)


def test_a_persistent_cache_is_made_only_where_the_site_has_one(dev: Engine, prod: Engine) -> None:
    assert dev.of_type("PersistentVolumeClaim") == []
    assert len(prod.of_type("PersistentVolumeClaim")) == 2


def test_a_bundle_stays_below_the_build_folder(prod: Engine) -> None:
    for item in prod.of_type("pulumi:providers:kubernetes"):
        path = Path(item.inputs["renderYamlToDirectory"])
        assert path.parts[:2] == ("build", "sites")
        assert ".." not in path.parts
