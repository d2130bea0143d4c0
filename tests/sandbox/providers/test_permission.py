"""A stand-in changes nothing outside a sandbox and answers nothing it cannot know."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from mobile_ai.sandbox.providers.values import encode

from .stub import BUCKET, SANDBOX, Engine, aws, kubernetes, urn

OUTSIDE: list[Mapping[str, str]] = [
    {},
    {"MOBILE_AI_SANDBOX": "1"},
    {"PULUMI_BACKEND_URL": "file:///tmp/state"},
    {"MOBILE_AI_SANDBOX": "1", "PULUMI_BACKEND_URL": "s3://state?key=secret"},
    {"MOBILE_AI_SANDBOX": "yes", "PULUMI_BACKEND_URL": "file:///tmp/state"},
]


def attempt(engine: Engine, action: str) -> None:
    name, bucket = urn(BUCKET), encode({"bucket": "b"})
    requests = {
        "create": provider_pb2.CreateRequest(urn=name, properties=bucket),
        "update": provider_pb2.UpdateRequest(urn=name, id="b", olds=bucket, news=bucket),
        "delete": provider_pb2.DeleteRequest(urn=name, id="b", properties=bucket),
        "read": provider_pb2.ReadRequest(urn=name, id="b", properties=bucket),
    }
    getattr(engine.stub, action.title())(requests[action])


def told(refused: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(refused.value.details())


@pytest.mark.parametrize("environment", OUTSIDE)
@pytest.mark.parametrize("action", ["create", "update", "delete", "read"])
def test_nothing_is_done_outside_a_sandbox_run(action: str, environment: Mapping[str, str]) -> None:
    with aws(environment) as engine, pytest.raises(grpc.RpcError) as refused:
        attempt(engine, action)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert f"refuses to {action} outside a sandbox run" in told(refused)
    assert "key=secret" not in told(refused)


@pytest.mark.parametrize("action", ["create", "update", "delete", "read"])
def test_a_sandbox_run_may(action: str) -> None:
    with aws(SANDBOX) as engine:
        attempt(engine, action)


def test_a_preview_needs_no_sandbox() -> None:
    with aws({}) as engine:
        assert engine.create(BUCKET, engine.check(BUCKET, {}))


def test_an_object_of_another_stack_cannot_be_looked_up() -> None:
    request = provider_pb2.ReadRequest(urn=urn(BUCKET), type=BUCKET, id="theirs")
    with aws() as engine, pytest.raises(grpc.RpcError, match="cannot read `theirs`"):
        engine.stub.Read(request)


def test_a_function_that_needs_a_cloud_is_refused() -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity")
    with aws() as engine, pytest.raises(grpc.RpcError, match="has no cloud to ask"):
        engine.stub.Invoke(request)
    with kubernetes() as engine, pytest.raises(grpc.RpcError, match="has no cluster to ask"):
        engine.stub.Invoke(provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode"))


@pytest.mark.parametrize(("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")])
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getPartition:getPartition")
    with aws(region=region) as engine:
        answer = getattr(engine.stub.Invoke(request), "return")
    assert answer.fields["partition"].string_value == partition


def test_an_unknown_type_names_the_table_to_extend() -> None:
    with aws() as engine, pytest.raises(grpc.RpcError) as refused:
        engine.check("aws:s3/bucket:Buckett", {})
    assert "did you mean `aws:s3/bucket:Bucket`?" in told(refused)
    assert "src/mobile_ai/sandbox/providers/aws/types.yaml" in told(refused)


@pytest.mark.parametrize(
    "token", ["kubernetes:storage.k8s.io/v1:StorageClass", "kubernetes:core/v1:NodeList"]
)
def test_an_unlisted_kind_of_kubernetes_itself_names_the_table(token: str) -> None:
    with kubernetes() as engine, pytest.raises(grpc.RpcError, match=r"kubernetes/types\.yaml"):
        engine.check(token, {})
