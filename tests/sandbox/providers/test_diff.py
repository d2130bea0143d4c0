from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mobile_ai.sandbox.providers.diff import compare, forces_replacement
from mobile_ai.sandbox.providers.values import UNKNOWN, SecretValue

from .stub import BUCKET, DEPLOYMENT, Engine, aws, deployment, kubernetes

INSTANCE = "aws:rds/instance:Instance"
SERVICE = "kubernetes:core/v1:Service"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Engine]:
    with aws() as engine:
        yield engine


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    with kubernetes() as engine:
        yield engine


@pytest.mark.parametrize(
    ("token", "old", "new", "expected"),
    [
        (BUCKET, {"bucket": "a"}, {"bucket": "b"}, ("bucket", "UPDATE_REPLACE")),
        (BUCKET, {"bucket": "a"}, {"bucket": UNKNOWN}, ("bucket", "UPDATE_REPLACE")),
        (BUCKET, {"region": "eu-west-1"}, {"region": "eu-west-2"}, ("region", "UPDATE_REPLACE")),
        (BUCKET, {}, {"objectLockEnabled": True}, ("objectLockEnabled", "ADD_REPLACE")),
        (BUCKET, {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, ("tags.a", "UPDATE")),
        (BUCKET, {"tags": {"a": "1"}}, {"tags": {}}, ("tags.a", "DELETE")),
        (BUCKET, {"tags": {}}, {"tags": {"a/b.c": "1"}}, ('tags["a/b.c"]', "ADD")),
        (BUCKET, {"tags": {"a": "1"}}, {"tags": UNKNOWN}, ("tags", "UPDATE")),
        (INSTANCE, {"engine": "postgres"}, {"engine": "mysql"}, ("engine", "UPDATE_REPLACE")),
        (INSTANCE, {"identifier": "a"}, {"identifier": "b"}, ("identifier", "UPDATE_REPLACE")),
        (INSTANCE, {"multiAz": False}, {"multiAz": True}, ("multiAz", "UPDATE")),
        (
            "aws:ec2/subnet:Subnet",
            {"cidrBlock": "10.0.0.0/24"},
            {"cidrBlock": "10.0.1.0/24"},
            ("cidrBlock", "UPDATE_REPLACE"),
        ),
        (
            "aws:ecs/taskDefinition:TaskDefinition",
            {"volumes": [{"name": "a"}]},
            {"volumes": [{"name": "b"}]},
            ("volumes[0].name", "UPDATE_REPLACE"),
        ),
        ("aws:cloudfront/keyGroup:KeyGroup", {"name": "a"}, {"name": "b"}, ("name", "UPDATE")),
    ],
)
def test_an_aws_change_updates_or_replaces(
    cloud: Engine, token: str, old: Any, new: Any, expected: tuple[str, str]
) -> None:
    path, kind = expected
    diffed = cloud.diff(token, old, new)
    assert diffed.kinds == {path: kind}
    top, _, _ = path.partition("[")
    assert diffed.replaces == ([top] if kind.endswith("REPLACE") else [])


@pytest.mark.parametrize(
    ("token", "old", "new", "expected"),
    [
        (
            DEPLOYMENT,
            deployment(),
            deployment(selector={"matchLabels": {"app": "other"}}),
            ("spec.selector.matchLabels.app", "UPDATE_REPLACE"),
        ),
        (DEPLOYMENT, deployment(), deployment(replicas=3.0), ("spec.replicas", "UPDATE")),
        (DEPLOYMENT, {"spec": deployment()["spec"]}, {"spec": UNKNOWN}, ("spec", "UPDATE_REPLACE")),
        (
            SERVICE,
            {"spec": {"clusterIP": "10.0.0.1"}},
            {"spec": {"clusterIP": "None"}},
            ("spec.clusterIP", "UPDATE_REPLACE"),
        ),
        (SERVICE, {}, {"spec": {"type": "ClusterIP"}}, ("spec", "ADD")),
        (SERVICE, {}, {"spec": {"clusterIP": "None"}}, ("spec", "ADD_REPLACE")),
        (
            "kubernetes:batch/v1:Job",
            {"spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}},
            {"spec": {"template": {"spec": {"containers": [{"image": "b"}]}}}},
            ("spec.template.spec.containers[0].image", "UPDATE_REPLACE"),
        ),
        (
            "kubernetes:core/v1:Namespace",
            {"metadata": {"name": "a"}},
            {"metadata": {"name": "b"}},
            ("metadata.name", "UPDATE_REPLACE"),
        ),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, ("data.a", "UPDATE_REPLACE")),
        (
            CONFIG_MAP,
            {"data": {"a.json": "1"}},
            {"data": {"a.json": "2"}},
            ('data["a.json"]', "UPDATE_REPLACE"),
        ),
        (
            "kubernetes:gateway.networking.k8s.io/v1:Gateway",
            {"spec": {"x": 1.0}},
            {"spec": {"x": 2.0}},
            ("spec.x", "UPDATE"),
        ),
    ],
)
def test_a_kubernetes_change_updates_or_replaces(
    cluster: Engine, token: str, old: Any, new: Any, expected: tuple[str, str]
) -> None:
    path, kind = expected
    assert cluster.diff(token, old, new).kinds == {path: kind}


def test_a_config_map_may_be_told_to_be_mutable() -> None:
    with kubernetes(enableConfigMapMutable="true") as engine:
        diffed = engine.diff(CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}})
        frozen = engine.diff(
            CONFIG_MAP,
            {"data": {"a": "1"}, "immutable": True},
            {"data": {"a": "2"}, "immutable": True},
        )
    assert diffed.replaces == []
    assert frozen.replaces == ["data.a"]


def test_equal_inputs_have_no_diff(cloud: Engine) -> None:
    inputs = cloud.check(BUCKET, {"tags": {"a": "b"}})
    assert cloud.diff(BUCKET, inputs, inputs).kinds == {}


def test_only_the_secrecy_of_a_value_is_no_change(cloud: Engine) -> None:
    assert cloud.diff(BUCKET, {"bucket": "a"}, {"bucket": SecretValue("a")}).kinds == {}


@pytest.mark.parametrize("entry", ["tags", "tags.a", "tags.*"])
def test_ignored_changes_are_left_out(cloud: Engine, entry: str) -> None:
    old, new = {"tags": {"a": "1"}, "bucket": "a"}, {"tags": {"a": "2"}, "bucket": "b"}
    assert list(cloud.diff(BUCKET, old, new, ignore=(entry,)).kinds) == ["bucket"]


def test_ignoring_one_item_leaves_the_others(cloud: Engine) -> None:
    old = {"grants": [{"id": "a"}, {"id": "b"}]}
    new = {"grants": [{"id": "x"}, {"id": "y"}]}
    ignoring_first = cloud.diff(BUCKET, old, new, ignore=("grants[0].id",))
    assert list(ignoring_first.kinds) == ["grants[1].id"]
    assert cloud.diff(BUCKET, old, new, ignore=("grants[*].id",)).kinds == {}


def test_a_chosen_name_means_delete_before_replace(cloud: Engine) -> None:
    old = {"identifier": "db", "engine": "postgres", "__defaults": []}
    assert cloud.diff(INSTANCE, old, {**old, "engine": "mysql"}).delete_first


def test_an_automatic_name_lets_the_new_one_come_first(cloud: Engine) -> None:
    old = {"identifier": "db", "engine": "postgres", "__defaults": ["identifier"]}
    assert not cloud.diff(INSTANCE, old, {**old, "engine": "mysql"}).delete_first


def test_a_kubernetes_object_of_the_same_name_goes_first(cluster: Engine) -> None:
    old, new = deployment(), deployment(selector={"matchLabels": {"app": "other"}})
    assert cluster.diff(DEPLOYMENT, old, new).delete_first
    assert not cluster.diff(DEPLOYMENT, old, {**new, "metadata": {"name": "b"}}).delete_first


def test_a_value_still_unknown_counts_as_changed() -> None:
    assert [change.path for change in compare({"a": UNKNOWN}, {"a": UNKNOWN})] == ["a"]


def test_a_property_that_only_begins_like_a_listed_one_does_not_replace() -> None:
    (change,) = compare({"specification": "a"}, {"specification": "b"})
    assert not forces_replacement(change, ["spec"])
