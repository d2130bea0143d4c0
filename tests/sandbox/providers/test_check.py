from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mobile_ai.sandbox.providers.values import UNKNOWN, SecretValue

from .stub import BUCKET, DEPLOYMENT, Engine, aws, deployment, kubernetes

SUBNET = "aws:ec2/subnet:Subnet"
FUNCTION = "aws:lambda/function:Function"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Engine]:
    with aws() as engine:
        yield engine


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    with kubernetes() as engine:
        yield engine


@pytest.mark.parametrize(
    ("token", "inputs", "path", "words"),
    [
        (BUCKET, {"forceDestory": True}, "forceDestory", "did you mean `forceDestroy`?"),
        (BUCKET, {"force_destroy": True}, "force_destroy", "did you mean `forceDestroy`?"),
        (BUCKET, {"tagsAll": {"a": "b"}}, "tagsAll", "is not a property of"),
        (SUBNET, {}, "vpcId", "is missing: got nothing, expected a string"),
        (BUCKET, {"forceDestroy": "yes"}, "forceDestroy", "got a string, expected a boolean"),
        (BUCKET, {"bucket": 5.0}, "bucket", "got an integer, expected a string"),
        (BUCKET, {"tags": {"team": True}}, "tags.team", "got a boolean, expected a string"),
        (BUCKET, {"tags": ["team"]}, "tags", "got a list of 1, expected a map"),
        (BUCKET, {"logging": {"targetPrefix": "x"}}, "logging.targetBucket", "is missing"),
        (
            BUCKET,
            {"logging": {"targetBukket": "x", "targetBucket": "x"}},
            "logging.targetBukket",
            "did you mean `targetBucket`?",
        ),
        (FUNCTION, {"role": "r", "timeout": 2.5}, "timeout", "got a number, expected a integer"),
        (FUNCTION, {"role": "r", "timeout": True}, "timeout", "got a boolean"),
        (FUNCTION, {"role": "r", "code": "x"}, "code", "got a string, expected an asset"),
        (FUNCTION, {"role": "r", "layers": "one"}, "layers", "got a string, expected a list"),
        (BUCKET, {"region": "eu-central-9"}, "region", "is no AWS region: got `eu-central-9`"),
    ],
)
def test_a_wrong_aws_input_is_refused_by_its_path(
    cloud: Engine, token: str, inputs: dict[str, Any], path: str, words: str
) -> None:
    failures = cloud.failures(token, inputs)
    assert list(failures) == [path]
    assert words in failures[path]


@pytest.mark.parametrize(
    ("token", "inputs", "path", "words"),
    [
        (DEPLOYMENT, {}, "spec", "is missing"),
        (
            DEPLOYMENT,
            deployment(template={"spec": {"containers": [{"image": "i"}]}}),
            "spec.template.spec.containers[0].name",
            "is missing",
        ),
        (
            DEPLOYMENT,
            deployment(template={"spec": {"containers": [{"name": "a", "imagePullPolcy": "x"}]}}),
            "spec.template.spec.containers[0].imagePullPolcy",
            "did you mean `imagePullPolicy`?",
        ),
        (DEPLOYMENT, {**deployment(), "kind": "Daemon"}, "kind", "expected one of 'Deployment'"),
        (
            "kubernetes:core/v1:Service",
            {"spec": {"ports": [{"port": 80.0, "targetPort": True}]}},
            "spec.ports[0].targetPort",
            "expected a integer or a string",
        ),
        (
            "kubernetes:gateway.networking.k8s.io/v1:Gateway",
            {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"},
            "metadata",
            "is missing",
        ),
        (
            "kubernetes:gateway.networking.k8s.io/v1:Gateway",
            {"apiVersion": "v1", "kind": "Gateway", "metadata": {}},
            "apiVersion",
            "expected 'gateway.networking.k8s.io/v1'",
        ),
    ],
)
def test_a_wrong_kubernetes_input_is_refused_by_its_path(
    cluster: Engine, token: str, inputs: dict[str, Any], path: str, words: str
) -> None:
    failures = cluster.failures(token, inputs)
    assert path in failures
    assert words in failures[path]


def test_every_wrong_property_is_told_at_once(cloud: Engine) -> None:
    assert set(cloud.failures(SUBNET, {"cidr": "x", "mapPublicIpOnLaunch": "no"})) == {
        "cidr",
        "mapPublicIpOnLaunch",
        "vpcId",
    }


@pytest.mark.parametrize("value", [UNKNOWN, SecretValue(UNKNOWN)])
def test_an_unknown_value_passes_wherever_a_known_one_may_stand(cloud: Engine, value: Any) -> None:
    inputs = {"tags": value, "forceDestroy": value, "logging": {"targetBucket": value}}
    assert cloud.failures(BUCKET, inputs) == {}


def test_an_unknown_value_counts_as_given(cloud: Engine) -> None:
    assert cloud.failures(SUBNET, {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN}) == {}


def test_a_failure_never_shows_a_value(cloud: Engine) -> None:
    failures = cloud.failures(BUCKET, {"forceDestroy": SecretValue("hunter2")})
    assert "hunter2" not in failures["forceDestroy"]


def test_the_engine_is_not_led_to_print_a_secret(cloud: Engine) -> None:
    """It prints the value of the property that a failure names."""
    inputs = {"tags": {"a": [SecretValue("hunter2")]}, "forceDestroy": "no"}
    response = cloud.check_response(BUCKET, inputs)
    assert {failure.property for failure in response.failures} == {"", "forceDestroy"}
    hidden = cloud.check_response(BUCKET, {"tags": SecretValue("hunter2")})
    assert [failure.property for failure in hidden.failures] == [""]


def test_a_union_takes_each_of_its_members(cluster: Engine) -> None:
    ports = [{"port": 80.0, "targetPort": 8080.0}, {"port": 81.0, "targetPort": "http"}]
    assert cluster.failures("kubernetes:core/v1:Service", {"spec": {"ports": ports}}) == {}


def test_a_custom_resource_is_free_but_for_its_identity(cluster: Engine) -> None:
    inputs = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "route"},
        "spec": {"anything": [1.0, {"goes": True}]},
    }
    assert cluster.failures("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", inputs) == {}
