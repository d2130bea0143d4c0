"""Drives a stand-in in this process over gRPC, as the engine would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from mobile_ai.sandbox.providers.aws.provider_behavior import AwsDialect
from mobile_ai.sandbox.providers.kubernetes.provider_behavior import KubernetesDialect
from mobile_ai.sandbox.providers.provider_behavior import Dialect
from mobile_ai.sandbox.providers.serve import start
from mobile_ai.sandbox.providers.spec import Spec
from mobile_ai.sandbox.providers.specfile import ensure_spec
from mobile_ai.sandbox.providers.values import Properties, decode, encode

SANDBOX = {"MOBILE_AI_SANDBOX": "1", "PULUMI_BACKEND_URL": "file:///tmp/state"}
# A trust policy that IAM takes.
ASSUMABLE = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "lambda.amazonaws.com"}}]}'
)
BUCKET = "aws:s3/bucket:Bucket"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@cache
def spec(name: str) -> Spec:
    return Spec.load(ensure_spec(name))


def urn(token: str, name: str = "thing") -> str:
    return f"urn:pulumi:dev::demo::{token}::{name}"


def _path_of(failure: provider_pb2.CheckFailure) -> str:
    """The property that a failure is about; the engine is told of whole properties only."""
    named = re.match(r"`([^`]+)`", failure.reason)
    return failure.property or (named[1] if named else "")


@dataclass(frozen=True, kw_only=True)
class Diffed:
    kinds: dict[str, str]
    replaces: list[str]
    delete_first: bool


@dataclass(frozen=True)
class Engine:
    """The engine's side of the conversation."""

    stub: provider_pb2_grpc.ResourceProviderStub
    port: int = 0
    seed: bytes = field(default=b"seed")

    def check_response(
        self, token: str, inputs: Mapping[str, Any], *, old: Properties | None = None, **more: Any
    ) -> provider_pb2.CheckResponse:
        response: provider_pb2.CheckResponse = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token),
                type=token,
                name="thing",
                news=encode(dict(inputs)),
                olds=encode(old or {}),
                randomSeed=self.seed,
                **more,
            )
        )
        return response

    def check(self, token: str, inputs: Mapping[str, Any], **more: Any) -> Properties:
        response = self.check_response(token, inputs, **more)
        assert not response.failures, response.failures
        return decode(response.inputs)

    def failures(self, token: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        response = self.check_response(token, inputs)
        return {_path_of(failure): failure.reason for failure in response.failures}

    def config_failures(self, config: Mapping[str, Any]) -> dict[str, str]:
        response = self.stub.CheckConfig(provider_pb2.CheckRequest(news=encode(dict(config))))
        return {_path_of(failure): failure.reason for failure in response.failures}

    def configure(self, **config: Any) -> provider_pb2.ConfigureResponse:
        request = provider_pb2.ConfigureRequest(args=encode(config))
        response: provider_pb2.ConfigureResponse = self.stub.Configure(request)
        return response

    def create(self, token: str, inputs: Properties, *, preview: bool = True) -> Properties:
        return decode(self.create_response(token, inputs, preview=preview).properties)

    def create_response(
        self, token: str, inputs: Properties, *, preview: bool
    ) -> provider_pb2.CreateResponse:
        request = provider_pb2.CreateRequest(
            urn=urn(token), type=token, properties=encode(inputs), preview=preview
        )
        response: provider_pb2.CreateResponse = self.stub.Create(request)
        return response

    def update(
        self, token: str, *, old: Properties, new: Properties, preview: bool = True
    ) -> Properties:
        request = provider_pb2.UpdateRequest(
            id="id", urn=urn(token), type=token, olds=encode(old), news=encode(new), preview=preview
        )
        return decode(self.stub.Update(request).properties)

    def diff(
        self,
        token: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        *,
        ignore: tuple[str, ...] = (),
    ) -> Diffed:
        response = self.stub.Diff(
            provider_pb2.DiffRequest(
                id="id",
                urn=urn(token),
                type=token,
                old_inputs=encode(dict(old)),
                news=encode(dict(new)),
                ignoreChanges=ignore,
            )
        )
        name = provider_pb2.PropertyDiff.Kind.Name
        return Diffed(
            kinds={path: name(entry.kind) for path, entry in response.detailedDiff.items()},
            replaces=list(response.replaces),
            delete_first=response.deleteBeforeReplace,
        )


@contextmanager
def serving(dialect: Dialect, environment: Mapping[str, str] = SANDBOX) -> Iterator[Engine]:
    """Serve a dialect and talk to it."""
    server, port = start(dialect, environment)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Engine(provider_pb2_grpc.ResourceProviderStub(channel), port)
    server.stop(0)


@contextmanager
def aws(environment: Mapping[str, str] = SANDBOX, **config: Any) -> Iterator[Engine]:
    """An AWS stand-in, configured for Frankfurt unless told otherwise."""
    with serving(AwsDialect(spec("aws"), environment), environment) as engine:
        engine.configure(**{"region": "eu-central-1", **config})
        yield engine


@contextmanager
def kubernetes(environment: Mapping[str, str] = SANDBOX, **config: Any) -> Iterator[Engine]:
    """A Kubernetes stand-in."""
    with serving(KubernetesDialect(spec("kubernetes")), environment) as engine:
        engine.configure(**config)
        yield engine


def deployment(**changes: Any) -> Properties:
    """A valid deployment; keyword arguments replace parts of its spec."""
    labels: Properties = {"app": "edge"}
    container: Properties = {"name": "server", "image": "registry/edge@sha256:0"}
    pod: Properties = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec: Properties = {"selector": {"matchLabels": labels}, "template": pod, "replicas": 2.0}
    return {"metadata": {"name": "edge"}, "spec": {**spec, **changes}}
