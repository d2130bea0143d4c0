"""Drives the real Kubernetes provider and the stand-in side by side, as the engine would.

Objects come from the project's own program: dev and prod, and each after an edit. Both providers
check the same objects, hold the same state and are asked what a change comes to.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
)

from mobile_ai.contracts.documents import dump_yaml, read_yaml
from mobile_ai.sandbox.kubernetes_provider import locate_provider
from mobile_ai.sandbox.kubernetes_provider.run import provider_environment
from mobile_ai.sandbox.providers.kubernetes.provider_behavior import KubernetesDialect
from mobile_ai.sandbox.providers.serve import start
from mobile_ai.sandbox.providers.spec import Spec
from mobile_ai.sandbox.providers.specfile import ensure_spec
from mobile_ai.sandbox.providers.values import Properties, decode, encode
from mobile_ai.sandbox.services.endpoints import Endpoints
from tests.components.support import Registered, run_stack

Objects = Mapping[str, tuple[str, dict[str, Any]]]
"""Inputs of objects with their type, by URN."""

PROVIDER = "pulumi:providers:kubernetes"
_SANDBOX = {"MOBILE_AI_SANDBOX": "1", "PULUMI_BACKEND_URL": "file:///tmp/state"}
_START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Effect of a change of one object.

    Attributes:
        kind: create, delete, same, update or replace.
        replaces: Properties that force a replacement, by their path.
        changed: Every property that changes.
        delete_first: Whether the old object goes before the new one comes.
    """

    kind: str
    replaces: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    delete_first: bool = False


@dataclass(frozen=True, kw_only=True)
class _Held:
    id: str
    inputs: Properties
    outputs: Properties


@dataclass(frozen=True, kw_only=True)
class Driver:
    """The engine's side of the conversation with one provider process.

    Attributes:
        stub: The provider.
        held: The state: objects that were created, by URN.
    """

    stub: provider_pb2_grpc.ResourceProviderStub
    held: dict[str, _Held] = field(default_factory=dict)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Configure as the engine does, which hands nested and boolean settings over as text."""
        name = "kubernetes:config:"
        variables = {
            f"{name}{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in config.items()
        }
        request = provider_pb2.ConfigureRequest(
            variables=variables,
            args=encode(dict(config)),
            acceptSecrets=True,
            acceptResources=True,
        )
        self.stub.Configure(request)

    def beside(self) -> "Driver":
        """Return a driver of the same provider that holds nothing."""
        return replace(self, held={})

    def check(self, urn: str, token: str, inputs: Mapping[str, Any]) -> Properties:
        """Return the checked inputs.

        Raises:
            AssertionError: They are refused.
        """
        old = self.held.get(urn)
        response = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn,
                type=token,
                name=urn.rsplit("::", 1)[-1],
                news=encode(dict(inputs)),
                olds=encode(old.inputs if old else {}),
                randomSeed=b"0" * 32,
            )
        )
        assert not response.failures, (urn, response.failures)
        return decode(response.inputs)

    def create(self, urn: str, token: str, inputs: Properties) -> None:
        """Create an object and hold it."""
        made = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn, type=token, properties=encode(inputs))
        )
        self.held[urn] = _Held(id=made.id, inputs=inputs, outputs=decode(made.properties))

    def delete(self, urn: str, token: str) -> None:
        """Delete an object that is held."""
        held = self.held.pop(urn)
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=held.id,
                urn=urn,
                type=token,
                properties=encode(held.outputs),
                old_inputs=encode(held.inputs),
            )
        )

    def create_all(self, objects: Objects) -> None:
        """Create what a program declares, in its order."""
        for urn, (token, inputs) in objects.items():
            self.create(urn, token, self.check(urn, token, inputs))

    def plan(self, objects: Objects) -> dict[str, Operation]:
        """Return what the engine would do to get from what is held to these objects."""
        found = {urn: Operation(kind="delete") for urn in self.held if urn not in objects}
        for urn, (token, inputs) in objects.items():
            checked = self.check(urn, token, inputs)
            held = self.held.get(urn)
            if held is None:
                found[urn] = Operation(kind="create")
            else:
                found[urn] = self._diff(urn, token, held, checked)
        return found

    def _diff(self, urn: str, token: str, held: _Held, news: Properties) -> Operation:
        said = self.stub.Diff(
            provider_pb2.DiffRequest(
                id=held.id,
                urn=urn,
                type=token,
                olds=encode(held.outputs),
                old_inputs=encode(held.inputs),
                news=encode(news),
            )
        )
        changed = said.changes == provider_pb2.DiffResponse.DIFF_SOME
        return Operation(
            kind="replace" if said.replaces else "update" if changed else "same",
            replaces=frozenset(said.replaces),
            changed=frozenset(said.detailedDiff),
            delete_first=said.deleteBeforeReplace,
        )


def objects_of(registered: list[Registered]) -> Objects:
    """Return the Kubernetes objects of a program."""
    return {
        item.urn: (item.type, item.inputs)
        for item in registered
        if item.type.startswith("kubernetes:")
    }


def settings_of(registered: list[Registered]) -> dict[str, Any]:
    """Return how the program configures the provider of its first site."""
    first = next(item for item in registered if item.type == PROVIDER)
    return {key: _read(value) for key, value in first.inputs.items()}


def _read(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def program(
    repository: Path, stack: str, change: Callable[[dict[str, Any]], None] | None = None
) -> list[Registered]:
    """Run the program of a stack, after a change of its values, on the recording engine."""
    file = repository / f"Pulumi.{stack}.yaml"
    before = file.read_text()
    document = read_yaml(before, name=stack)
    if change is not None:
        values = {
            key.removeprefix("mobile-ai:"): deepcopy(value)
            for key, value in document["config"].items()
        }
        change(values)
        document["config"] = {f"mobile-ai:{key}": value for key, value in values.items()}
    try:
        file.write_text(dump_yaml(document))
        return run_stack(repository, stack, preview=False).registered
    finally:
        file.write_text(before)


@contextmanager
def real_provider(
    endpoints: Endpoints, config: Mapping[str, Any], folder: Path
) -> Iterator[Driver]:
    """Start the real provider, as a sandbox starts it."""
    with _engine() as engine:
        process = subprocess.Popen(
            [locate_provider(), engine],
            env=provider_environment(endpoints, os.environ),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                driver = Driver(stub=provider_pb2_grpc.ResourceProviderStub(channel))
                driver.configure(config)
                yield driver
        finally:
            process.kill()
            process.wait()


@contextmanager
def stand_in(config: Mapping[str, Any]) -> Iterator[Driver]:
    """Serve the stand-in, as a preview without a sandbox has it."""
    server, port = start(KubernetesDialect(Spec.load(ensure_spec("kubernetes"))), _SANDBOX)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            driver = Driver(stub=provider_pb2_grpc.ResourceProviderStub(channel))
            driver.configure(config)
            yield driver
    finally:
        server.stop(0)


class _Engine(engine_pb2_grpc.EngineServicer):
    """As much of the engine as a provider logs to."""

    def Log(self, _request: Any, _context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()


@contextmanager
def _engine() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0)
