from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
import yaml

from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.values import UNKNOWN

from .stub import Engine, aws, kubernetes, serving, spec

LOCAL = "http://127.0.0.1:5000"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Engine]:
    with aws() as engine:
        yield engine


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    with kubernetes() as engine:
        yield engine


def kubeconfig(server: str) -> str:
    return yaml.safe_dump({"clusters": [{"name": "a", "cluster": {"server": server}}]})


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({}, "region", "is missing"),
        ({"region": "eu-centrall-1"}, "region", "did you mean `eu-central-1`?"),
        ({"region": "eu-west-1", "reigon": "x"}, "reigon", "did you mean `region`?"),
        ({"region": "eu-west-1", "maxRetries": '"many"'}, "maxRetries", "got a string"),
        ({"region": "eu-west-1", "defaultTags": "{"}, "defaultTags", "is not JSON"),
        (
            {"region": "eu-west-1", "defaultTags": '{"tags": {"a": 1}}'},
            "defaultTags.tags.a",
            "expected a string",
        ),
        (
            {"region": "eu-west-1", "endpoints": '[{"s3": "https://s3.amazonaws.com"}]'},
            "endpoints[0].s3",
            "got host `s3.amazonaws.com`",
        ),
    ],
)
def test_wrong_aws_configuration_is_refused(
    cloud: Engine, config: dict[str, Any], path: str, words: str
) -> None:
    assert words in cloud.config_failures(config)[path]


def test_endpoints_on_this_machine_are_taken(cloud: Engine) -> None:
    config = {"region": "eu-west-1", "endpoints": f'[{{"s3": "{LOCAL}", "ec2": "http://[::1]:1"}}]'}
    assert cloud.config_failures(config) == {}


def test_an_unknown_region_is_not_refused(cloud: Engine) -> None:
    assert cloud.config_failures({"region": UNKNOWN}) == {}


def test_an_endpoint_in_the_environment_is_refused_too() -> None:
    environment = {"AWS_ENDPOINT_URL_S3": "https://s3.example.com"}
    with serving(AwsDialect(spec("aws"), environment)) as engine:
        failures = engine.config_failures({"region": "eu-west-1"})
        assert list(failures) == ["AWS_ENDPOINT_URL_S3"]


def test_configure_refuses_what_check_config_refuses(cloud: Engine) -> None:
    with pytest.raises(grpc.RpcError, match="is no AWS region"):
        cloud.configure(region="moon-1")


def test_the_region_may_come_from_the_environment() -> None:
    with serving(AwsDialect(spec("aws"), {"AWS_REGION": "eu-west-3"})) as engine:
        assert engine.config_failures({}) == {}


def test_a_cluster_elsewhere_is_refused(cluster: Engine) -> None:
    failures = cluster.config_failures({"kubeconfig": kubeconfig("https://eks.example.com")})
    assert "got host `eks.example.com`" in failures["kubeconfig.clusters[0].cluster.server"]


@pytest.mark.parametrize(
    "config",
    [
        {"kubeconfig": kubeconfig("https://127.0.0.1:6443")},
        {"kubeconfig": UNKNOWN},
        {"context": "site-a", "namespace": "edge", "renderYamlToDirectory": "build/site-a"},
        {"enableConfigMapMutable": "true", "version": "4.34.2"},
    ],
)
def test_kubernetes_settings_without_a_foreign_cluster_are_taken(
    cluster: Engine, config: dict[str, Any]
) -> None:
    assert cluster.config_failures(config) == {}


def test_a_kubeconfig_file_is_read(cluster: Engine, tmp_path: Any) -> None:
    path = tmp_path / "config"
    path.write_text(kubeconfig("https://10.0.0.1"))
    assert cluster.config_failures({"kubeconfig": str(path)})


def test_an_unreadable_kubeconfig_is_refused(cluster: Engine) -> None:
    assert "cannot be read" in cluster.config_failures({"kubeconfig": "/nowhere"})["kubeconfig"]
    assert "cannot be read" in cluster.config_failures({"kubeconfig": "{}"})["kubeconfig"]


def test_configure_answers_what_the_engine_needs(cluster: Engine) -> None:
    answer = cluster.configure()
    assert answer.supportsPreview
    assert answer.acceptSecrets
    assert answer.acceptResources
    assert answer.acceptOutputs
