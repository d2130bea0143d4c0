"""The audit names who edited a Deployment, asked of a real API server."""

from collections.abc import Callable
from typing import Any

import pytest

from mobile_ai.contracts.resource import ProviderReference, Resource
from mobile_ai.operations.audit.live.workloads import workloads_as_declared
from mobile_ai.sandbox.kubernetes.api import KubernetesApi, KubernetesApiError
from tests.operations.audit.support import only
from tests.waiting import until

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("kubernetes")]
OURS = "mobile-ai/demo/dev"


def declared(namespace: str) -> dict[str, Any]:
    pod = {"containers": [{"name": "edge", "image": "r@sha256:1"}]}
    labels = {"app": "edge"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "edge", "namespace": namespace, "annotations": {"a.b/c": "d"}},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def audit(api: KubernetesApi, document: dict[str, Any]) -> Any:
    """Return what the audit finds of a Deployment, and who it says changed it."""
    token = "kubernetes:apps/v1:Deployment"
    item = Resource(
        type=token,
        name="edge",
        urn=f"urn:pulumi:dev::demo::{token}::edge",
        props={key: document[key] for key in ("metadata", "spec")},
        provider=ProviderReference(type="pulumi:providers:kubernetes", name="site", props={}),
    )

    def workload(_: str, namespace: str, name: str) -> Any:
        metadata = {"namespace": namespace, "name": name}
        return api.read({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})

    (found,) = workloads_as_declared(workload).look(only(item))
    return found.finding.got, found.author()


def swap_image(live: dict[str, Any]) -> None:
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "evil@sha256:2"


def add_container(live: dict[str, Any]) -> None:
    live["spec"]["template"]["spec"]["containers"].append({"name": "miner", "image": "x"})


def change_annotation(live: dict[str, Any]) -> None:
    live["metadata"]["annotations"]["a.b/c"] = "other"


def remove_annotation(live: dict[str, Any]) -> None:
    del live["metadata"]["annotations"]["a.b/c"]


def edit(api: KubernetesApi, namespace: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the Deployment as a console does: again where a controller wrote meanwhile."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/edge"

    def written() -> bool:
        live = api.request("get", path)
        change(live)
        try:
            api.request("put", f"{path}?fieldManager=console", live)
        except KubernetesApiError as error:
            if error.reason == "Conflict":
                return False
            raise
        return True

    until(written)


@pytest.mark.parametrize("change", [swap_image, add_container, change_annotation])
def test_who_edited_a_deployment_is_the_program_that_did(
    api: KubernetesApi, namespace: str, change: Any
) -> None:
    document = declared(namespace)
    api.apply(document, manager=OURS, dry_run=False, force=False)
    edit(api, namespace, change)

    got, author = audit(api, document)

    assert got.startswith("other ")
    assert (author.who, author.source) == ("console", "managedFields, Update")
    assert author.when.endswith("Z")


def test_a_field_taken_over_by_force_names_who_took_it(api: KubernetesApi, namespace: str) -> None:
    document = declared(namespace)
    api.apply(document, manager=OURS, dry_run=False, force=False)
    other = declared(namespace)
    swap_image(other)
    api.apply(other, manager="another-pipeline", dry_run=False, force=True)

    _, author = audit(api, document)

    assert (author.who, author.source) == ("another-pipeline", "managedFields, Apply")


def test_an_annotation_that_was_removed_keeps_no_author(api: KubernetesApi, namespace: str) -> None:
    document = declared(namespace)
    api.apply(document, manager=OURS, dry_run=False, force=False)
    edit(api, namespace, remove_annotation)

    got, author = audit(api, document)

    assert (got, author.who) == ("other metadata.annotations.a.b/c", "")
    assert "taken away" in author.note
