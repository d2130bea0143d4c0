"""Objects of the Kubernetes stand-in on a real API server."""

import copy
import time
from typing import Any

import pytest

from sandbox.kubernetes.api import ApiError
from sandbox.providers.errors import ProviderError
from sandbox.providers.values import UNKNOWN, Secret
from sandbox.services.endpoints import Cluster, Endpoints

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("kubernetes")]


def deployment(namespace: str, **changed: Any) -> dict[str, Any]:
    container = {"name": "edge", "image": changed.pop("image", "example.com/edge:1")}
    spec = {
        "replicas": 2.0,
        "selector": {"matchLabels": {"app": "edge"}},
        "template": {
            "metadata": {"labels": {"app": "edge"}},
            "spec": {"containers": [{**container, "resources": {"limits": {"cpu": "1000m"}}}]},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "edge", "namespace": namespace, **changed.pop("metadata", {})},
        "spec": {**spec, **changed},
    }


def _edited(api, document, **changed):
    """Change an object as somebody with kubectl would."""
    body = copy.deepcopy(document)
    body["spec"] = changed
    api.apply(body, manager="kubectl-edit", dry_run=False, force=True)


def test_create_stores_the_object_under_the_field_manager_of_the_stack(api, cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))

    stored = api.read(deployment(namespace))
    assert made.id == f"{namespace}/edge"
    assert stored["spec"]["replicas"] == 2
    assert [one["manager"] for one in stored["metadata"]["managedFields"]] == ["mobile-ai/demo/dev"]


def test_outputs_are_what_the_server_stored_in_the_notation_of_the_inputs(cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))

    container = made.outputs["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"]["cpu"] == "1000m"  # the server writes "1"
    assert container["imagePullPolicy"] == "IfNotPresent"  # the server's default
    assert made.outputs["metadata"]["uid"]
    assert "managedFields" not in made.outputs["metadata"]


def test_a_preview_predicts_what_the_server_will_store(cloud, want, namespace):
    wanted = want(deployment(namespace))
    planned = cloud().plan(wanted, object_id="", old={})
    made = cloud().create(wanted)

    assert planned["metadata"]["uid"] is UNKNOWN
    assert planned["spec"] == made.outputs["spec"]


def test_a_preview_stores_nothing(api, cloud, want, namespace):
    cloud().plan(want(deployment(namespace)), object_id="", old={})

    assert api.read(deployment(namespace)) is None


def test_a_preview_of_an_update_predicts_the_update(cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))
    wanted = want(deployment(namespace, replicas=3.0))

    planned = cloud().plan(wanted, object_id=made.id, old=made.outputs)
    outputs = cloud().update(wanted, object_id=made.id, old=made.outputs)

    assert planned["spec"] == outputs["spec"]
    assert planned["metadata"]["uid"] == outputs["metadata"]["uid"]
    assert planned["metadata"]["resourceVersion"] is UNKNOWN


@pytest.mark.parametrize(
    "document",
    [
        deployment("comes-with-the-same-program"),
        {
            "apiVersion": "example.com/v1",
            "kind": "ComesLater",
            "metadata": {"name": "a", "namespace": "default"},
        },
        deployment("default", image=UNKNOWN),
    ],
)
def test_what_the_server_cannot_know_yet_is_left_to_the_facts(cloud, want, document):
    assert cloud().plan(want(document), object_id="", old={}) is None


def test_an_unknown_field_is_refused_at_preview(cloud, want, namespace):
    wrong = deployment(namespace, replicaz=2)

    with pytest.raises(ProviderError, match=r"refuses kubernetes:apps/v1:Deployment of edge.*repl"):
        cloud().plan(want(wrong), object_id="", old={})


def test_a_field_that_the_program_drops_is_removed(api, cloud, want, namespace):
    labels = {"labels": {"a": "1", "b": "2"}}
    made = cloud().create(want(deployment(namespace, metadata=labels)))
    fewer = want(deployment(namespace, metadata={"labels": {"a": "1"}}))

    cloud().update(fewer, object_id=made.id, old=made.outputs)

    assert api.read(deployment(namespace))["metadata"]["labels"] == {"a": "1"}


def test_a_change_of_what_cannot_change_is_refused_with_the_servers_words(cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))
    other = deployment(namespace)
    other["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}

    with pytest.raises(ProviderError, match="field is immutable"):
        cloud().plan(want(other), object_id=made.id, old=made.outputs)


def test_what_nobody_changed_is_read_as_it_was_declared(cloud, want, namespace):
    wanted = want(deployment(namespace))
    made = cloud().create(wanted)

    found = cloud().read(wanted, object_id=made.id, known=made.outputs)

    assert found.inputs == wanted.inputs
    assert found.outputs["spec"] == made.outputs["spec"]


def test_an_edit_by_hand_of_our_field_is_seen(api, cloud, want, namespace):
    wanted = want(deployment(namespace))
    made = cloud().create(wanted)
    _edited(api, deployment(namespace), replicas=7)

    found = cloud().read(wanted, object_id=made.id, known=made.outputs)

    assert found.inputs["spec"]["replicas"] == 7
    assert found.inputs["spec"]["template"] == wanted.inputs["spec"]["template"]


def test_a_field_of_another_manager_is_not_drift(api, cloud, want, namespace):
    wanted = want(deployment(namespace))
    made = cloud().create(wanted)
    _edited(api, deployment(namespace), paused=True)

    found = cloud().read(wanted, object_id=made.id, known=made.outputs)

    assert found.inputs == wanted.inputs
    assert found.outputs["spec"]["paused"] is True


def test_an_object_that_somebody_deleted_is_gone(api, cloud, want, namespace):
    wanted = want(deployment(namespace))
    made = cloud().create(wanted)
    api.delete(deployment(namespace), propagation="Background")

    assert cloud().read(wanted, object_id=made.id, known=made.outputs) is None


def test_an_import_reads_inputs_without_what_the_server_made(cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))
    unknown = want(deployment(namespace))
    asked = type(unknown)(urn=unknown.urn, facts=unknown.facts, inputs={})

    found = cloud().read(asked, object_id=made.id, known={})

    assert found.inputs["spec"]["replicas"] == 2
    assert not {"uid", "resourceVersion", "managedFields"} & set(found.inputs["metadata"])
    assert "status" not in found.inputs


def test_taking_a_field_from_another_manager_is_a_conflict(api, cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))
    _edited(api, deployment(namespace), replicas=7)
    wanted = want(deployment(namespace, replicas=3.0))

    with pytest.raises(ProviderError, match=r"owned in part by somebody else.*kubectl-edit") as one:
        cloud().update(wanted, object_id=made.id, old=made.outputs)

    assert "pulumi.com/patchForce" in str(one.value)
    assert api.read(deployment(namespace))["spec"]["replicas"] == 7


def test_an_object_may_say_that_it_takes_fields_over(api, cloud, want, namespace):
    made = cloud().create(want(deployment(namespace)))
    _edited(api, deployment(namespace), replicas=7)
    force = {"annotations": {"pulumi.com/patchForce": "true"}}

    wanted = want(deployment(namespace, metadata=force, replicas=3.0))
    cloud().update(wanted, object_id=made.id, old=made.outputs)

    assert api.read(deployment(namespace))["spec"]["replicas"] == 3


def test_two_stacks_do_not_share_fields_unseen(cloud, want, namespace):
    cloud().create(want(deployment(namespace)))

    with pytest.raises(ProviderError, match="mobile-ai/demo/dev"):
        cloud().create(want(deployment(namespace, replicas=5.0), stack="prod"))


def test_a_create_after_a_killed_run_takes_over_what_that_run_made(api, cloud, want, namespace):
    for _ in range(2):
        cloud().create(want(deployment(namespace)))

    assert api.read(deployment(namespace))["metadata"]["generation"] == 1


def test_data_of_a_secret_stays_secret(cloud, want, namespace):
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": namespace},
        "stringData": Secret({"password": "hunter2"}),
    }
    made = cloud().create(want(document))

    assert made.outputs["data"] == Secret({"password": "aHVudGVyMg=="})
    assert made.outputs["stringData"] == document["stringData"]


def test_an_object_that_is_deleted_is_gone_and_may_be_deleted_again(api, cloud, want, namespace):
    wanted = want(deployment(namespace))
    made = cloud().create(wanted)

    for _ in range(2):
        cloud().delete(wanted, object_id=made.id, known=made.outputs)

    assert api.read(deployment(namespace)) is None


def test_a_namespace_goes_with_its_content(api, cloud, want, namespace):
    """The namespace controller's part is done here: the sandbox runs no controllers."""
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{namespace}-x"}}
    made = cloud().create(want(document))
    cloud().create(want(deployment(f"{namespace}-x")))

    cloud().delete(want(document), object_id=made.id, known=made.outputs)

    assert api.read(document) is None
    assert api.read(deployment(f"{namespace}-x")) is None


def test_a_deletion_that_a_finalizer_holds_says_who(cloud, want, namespace, monkeypatch):
    monkeypatch.setattr("sandbox.providers.kubernetes.cluster._GONE_SECONDS", 0.2)
    held = {"finalizers": ["example.com/hold"]}
    wanted = want(deployment(namespace, metadata=held))
    made = cloud().create(wanted)

    with pytest.raises(ProviderError, match=r"is not gone.*example\.com/hold"):
        cloud().delete(wanted, object_id=made.id, known=made.outputs)


def test_custom_resources_of_the_gateway_api_are_served(cloud, want, namespace):
    document = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "models", "namespace": namespace},
        "spec": {
            "gatewayClassName": "envoy",
            "listeners": [{"name": "http", "port": 80.0, "protocol": "HTTP"}],
        },
    }
    made = cloud().create(want(document))
    document["spec"]["listeners"][0]["port"] = 70000.0

    assert made.id == f"{namespace}/models"
    with pytest.raises(ProviderError, match="65535"):
        cloud().plan(want(document), object_id=made.id, old=made.outputs)


def test_an_admission_policy_denies_at_preview_and_at_up(api, cloud, want, namespace):
    _enforce(api, namespace)
    _until_enforced(api, namespace)
    allowed, denied = deployment(namespace, replicas=1.0), deployment(namespace, replicas=9.0)

    assert cloud().plan(want(allowed), object_id="", old={}) is not None
    with pytest.raises(ProviderError, match="at most 3 replicas"):
        cloud().plan(want(denied), object_id="", old={})
    with pytest.raises(ProviderError, match="at most 3 replicas"):
        cloud().create(want(denied))
    assert api.read(denied) is None


def test_two_sites_are_two_clusters(cloud, want, endpoints):
    here, there = cloud(), cloud(context="berlin")
    document = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"site": "here"}}
    document["metadata"] = {"name": "where", "namespace": "default"}
    made = here.create(want(document))

    assert there.read(want(document), object_id=made.id, known=made.outputs) is None
    assert set(endpoints.kubernetes) == {"default", "berlin"}


def test_one_site_down_the_other_updates(cloud, want, endpoints, namespace, tmp_path):
    gone = Cluster(server="https://127.0.0.1:9", ca=endpoints.cluster().ca, token="t")
    clusters = {"default": endpoints.cluster(), "paris": gone}
    Endpoints(name="x", kubernetes=clusters).write(tmp_path / "endpoints.json")

    with pytest.raises(ProviderError, match="does not answer") as caught:
        cloud(tmp_path / "endpoints.json", context="paris").create(want(deployment(namespace)))
    made = cloud(tmp_path / "endpoints.json").create(want(deployment(namespace)))

    assert caught.value.code == "UNAVAILABLE"
    assert made.id == f"{namespace}/edge"


def test_waiting_for_controllers_ends_with_what_is_missing(sandbox, want, namespace):
    from sandbox.providers.cloud import UnfinishedError  # noqa: PLC0415
    from sandbox.providers.kubernetes.choice import WAIT, ChosenCloud  # noqa: PLC0415
    from sandbox.providers.kubernetes.dialect import KubernetesDialect  # noqa: PLC0415
    from sandbox.providers.spec import Spec  # noqa: PLC0415
    from sandbox.providers.specfile import ensure_spec  # noqa: PLC0415
    from sandbox.services.endpoints import VARIABLE  # noqa: PLC0415

    dialect = KubernetesDialect(Spec.load(ensure_spec("kubernetes")))
    waits = ChosenCloud(dialect, {VARIABLE: str(sandbox.endpoints), WAIT: "0.2"})

    with pytest.raises(UnfinishedError, match="not seen by a controller") as caught:
        waits.create(want(deployment(namespace)))
    skipped = {"annotations": {"pulumi.com/skipAwait": "true"}}
    waits.update(
        want(deployment(namespace, metadata=skipped)), object_id=f"{namespace}/edge", old={}
    )

    assert caught.value.made.id == f"{namespace}/edge"


def _enforce(api, namespace):
    kind = "ValidatingAdmissionPolicy"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments"],
                    }
                ]
            },
            "validations": [
                {"expression": "object.spec.replicas <= 3", "message": "at most 3 replicas"}
            ],
        },
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        **policy,
        "kind": f"{kind}Binding",
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selector},
        },
    }
    for one in (policy, binding):
        api.apply(one, manager="tests", dry_run=False, force=False)


def _until_enforced(api, namespace):
    """The server takes a moment to compile a new policy."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            body = deployment(namespace, replicas=9)
            api.apply(body, manager="tests", dry_run=True, force=False)
        except ApiError:
            return
        time.sleep(0.05)
    pytest.fail("the policy was never enforced")
