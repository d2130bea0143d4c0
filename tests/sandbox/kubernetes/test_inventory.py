"""Objects that a stack owns on an API server, as listed by the server."""

import json

import pytest

from mobile_ai.gate.state.leftovers import left_in_sandbox
from mobile_ai.gate.state.rendered import SiteBundle, write_bundle
from mobile_ai.sandbox.kubernetes.agent import sync
from mobile_ai.sandbox.kubernetes.inventory import managed_by, owned_objects

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("kubernetes")]
PROVIDER = "pulumi-kubernetes-1a2b3c4d"
CONFIG = {
    "mobile-ai:environment": "stays",
    "mobile-ai:region": "eu-central-1",
    "mobile-ai:aws": {"accountId": "111122223333"},
}


def written(folder, files):
    bundle = SiteBundle(folder="build/sites/dev/lab", files=files)
    write_bundle(bundle, folder, stack="dev", commit="", clean=False)


def test_only_what_the_manager_applied_is_listed_wherever_it_is(api, namespace):
    for name, manager in (("ours", "left-by-us"), ("theirs", "somebody")):
        api.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": namespace},
                "data": {"a": "b"},
            },
            manager=manager,
            dry_run=False,
            force=False,
        )
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"left-{namespace}"},
        "rules": [],
    }
    api.apply(role, manager="left-by-us", dry_run=False, force=False)
    assert owned_objects(api, owner=managed_by("left-by")) == [
        f"ClusterRole left-{namespace}",
        f"ConfigMap {namespace}/ours",
    ]


def test_what_is_left_is_told_by_cluster_and_nothing_for_a_stack_that_left_nothing(
    api, endpoints, namespace
):
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "one",
            "namespace": namespace,
            "labels": {"mobile-ai.dev/environment": "stays"},
        },
        "data": {"a": "b"},  # the server notes no manager for an object without fields
    }
    api.apply(document, manager=PROVIDER, dry_run=False, force=False)
    assert left_in_sandbox(endpoints, CONFIG, stack="stays") == {
        "kubernetes default": [f"ConfigMap {namespace}/one"]
    }
    tidy = {**CONFIG, "mobile-ai:environment": "tidy"}
    assert left_in_sandbox(endpoints, tidy, stack="tidy") == {}


def test_what_the_agent_of_a_site_still_holds_is_told_until_it_syncs(api, endpoints, tmp_path):
    bundle, inventory = tmp_path / "bundle", tmp_path / "inventory.json"
    config = {**CONFIG, "mobile-ai:environment": "dev", "mobile-ai:sites": [{"name": "lab"}]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []}
    text = json.dumps({**role, "metadata": {"name": "of-the-bundle"}})
    written(bundle, {"1-manifest/a.yaml": text})
    sync(api, bundle, site="lab", inventory=inventory)
    assert left_in_sandbox(endpoints, config, stack="dev") == {
        "site lab": ["ClusterRole of-the-bundle"]
    }
    written(bundle, {})
    sync(api, bundle, site="lab", inventory=inventory)
    assert left_in_sandbox(endpoints, config, stack="dev") == {}
