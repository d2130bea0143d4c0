"""Provider protocol: one servicer for every cloud; differences are in its dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping

from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from mobile_ai.sandbox.providers.check import check_fields
from mobile_ai.sandbox.providers.cloud import Cloud, WantedObject
from mobile_ai.sandbox.providers.config import parse_config
from mobile_ai.sandbox.providers.diff import compare, forces_replacement
from mobile_ai.sandbox.providers.errors import Failure, ProviderError
from mobile_ai.sandbox.providers.known_objects import Held
from mobile_ai.sandbox.providers.permission import require_sandbox
from mobile_ai.sandbox.providers.provider_behavior import Dialect, planned
from mobile_ai.sandbox.providers.rpc import answered
from mobile_ai.sandbox.providers.spec import TypeFacts
from mobile_ai.sandbox.providers.values import Properties, decode, encode
from mobile_ai.sandbox.providers.wire import (
    check_failures,
    diff_response,
    naming_request,
    old_inputs,
    top_level,
)

# ruff: noqa: N802 - the protocol names its methods.


class StandInServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine as the official provider would, without a cloud."""

    def __init__(self, dialect: Dialect, cloud: Cloud, environment: Mapping[str, str]) -> None:
        """Store dialect, cloud and environment.

        Args:
            dialect: Provider behaviour.
            cloud: Cloud that holds created objects.
            environment: The process environment, to recognize a sandbox run.
        """
        self._dialect = dialect
        self._cloud = cloud
        self._environment = environment
        self._held = Held()

    @answered
    def Handshake(
        self, _request: provider_pb2.ProviderHandshakeRequest
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Return the supported protocol features."""
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True,
            accept_resources=True,
            accept_outputs=True,
            supports_autonaming_configuration=True,
        )

    @answered
    def Attach(self, _request: plugin_pb2.PluginAttach) -> empty_pb2.Empty:
        """Accept an engine that found this process through PULUMI_DEBUG_PROVIDERS."""
        return empty_pb2.Empty()

    @answered
    def Cancel(self, _request: empty_pb2.Empty) -> empty_pb2.Empty:
        """Accept a cancellation without effect, as no operation runs long."""
        return empty_pb2.Empty()

    @answered
    def GetPluginInfo(self, _request: empty_pb2.Empty) -> plugin_pb2.PluginInfo:
        """Return the version of the SDK that this stands in for."""
        return plugin_pb2.PluginInfo(version=self._dialect.spec.version)

    @answered
    def GetSchema(self, _request: provider_pb2.GetSchemaRequest) -> provider_pb2.GetSchemaResponse:
        """Return name and version only, as Python programs read the schema from the SDK."""
        schema = {"name": self._dialect.name, "version": self._dialect.spec.version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    @answered
    def CheckConfig(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Check the provider's own configuration."""
        config, failures = parse_config(decode(request.news), self._dialect.spec)
        failures = failures or self._dialect.check_config(config)
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=check_failures(failures, decode(request.news))
        )

    @answered
    def DiffConfig(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Report every change of configuration as an update of the provider in place."""
        old = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        changes = compare(old, decode(request.news), ignore=request.ignoreChanges)
        return diff_response(changes, replacing=frozenset(), replaces=(), delete_first=False)

    @answered
    def Configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Apply the final configuration."""
        config, failures = parse_config(decode(request.args), self._dialect.spec)
        if failures:
            raise ProviderError("; ".join(failure.reason for failure in failures))
        self._dialect.configure(config)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=True,
            supports_autonaming_configuration=True,
        )

    @answered
    def Check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Check inputs against the SDK's types and the cloud's schemas; add provider defaults."""
        facts = self._facts(request.type, request.urn)
        inputs = decode(request.news)
        if "__defaults" in inputs:  # inputs that were checked before
            inputs.pop("tagsAll", None)
        failures = self._failures(facts, inputs)
        # Refused inputs are returned too: the pack evaluates the returned inputs, and would
        # otherwise miss properties that the program set.
        if failures:
            return provider_pb2.CheckResponse(
                inputs=request.news, failures=check_failures(failures, inputs)
            )
        checked = self._dialect.complete(
            facts, inputs, old=decode(request.olds), naming=naming_request(request)
        )
        refusals = self._dialect.refusals(request.urn, facts, checked, inputs)
        return provider_pb2.CheckResponse(
            inputs=encode(checked), failures=check_failures(refusals, checked)
        )

    @answered
    def Diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compare with the last inputs and report changes that force a replacement."""
        self._held.saw(request.urn, request.id)
        facts, news = self._facts(request.type, request.urn), decode(request.news)
        old = old_inputs(request, facts)
        changes = compare(old, news, ignore=request.ignoreChanges)
        paths = self._dialect.replacements(facts, news)
        replacing = frozenset(
            change.path for change in changes if forces_replacement(change, paths)
        )
        delete_first = bool(replacing) and self._dialect.name_is_taken(facts, old, news)
        named = replacing if self._dialect.replaces_by_path else top_level(replacing)
        return diff_response(
            changes, replacing=replacing, replaces=named, delete_first=delete_first
        )

    @answered
    def Create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Plan a new object at preview; create it on `up`, in a sandbox only."""
        facts, inputs = self._facts(request.type, request.urn), decode(request.properties)
        wanted = self._wanted(request.urn, facts, inputs)
        if request.preview:
            outputs = self._cloud.plan(wanted, object_id="", old={}) or planned(
                inputs, self._dialect.computed(facts)
            )
            return provider_pb2.CreateResponse(properties=encode(outputs))
        require_sandbox("create", self._environment)
        made = self._cloud.create(wanted)
        return provider_pb2.CreateResponse(id=made.id, properties=encode(made.outputs))

    @answered
    def Read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Read an object for a refresh, an import or `.get()`."""
        require_sandbox("read", self._environment)
        self._held.saw(request.urn, request.id)
        facts = self._facts(request.type, request.urn)
        wanted = self._wanted(request.urn, facts, decode(request.inputs))
        found = self._cloud.read(wanted, object_id=request.id, known=decode(request.properties))
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.id or request.id,
            properties=encode(found.outputs),
            inputs=encode(found.inputs),
        )

    @answered
    def Update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Plan a change at preview; apply it on `up`, in a sandbox only."""
        self._held.saw(request.urn, request.id)
        facts, inputs = self._facts(request.type, request.urn), decode(request.news)
        old = decode(request.olds)
        wanted = self._wanted(request.urn, facts, inputs, before=decode(request.old_inputs))
        if request.preview:
            outputs = self._cloud.plan(wanted, object_id=request.id, old=old) or planned(
                inputs,
                self._dialect.computed(facts),
                old=old,
                volatile=self._dialect.volatile(facts),
            )
            return provider_pb2.UpdateResponse(properties=encode(outputs))
        require_sandbox("update", self._environment)
        outputs = self._cloud.update(wanted, object_id=request.id, old=old)
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    @answered
    def Delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Delete an object, in a sandbox only."""
        require_sandbox("delete", self._environment)
        facts = self._facts(request.type, request.urn)
        wanted = self._wanted(request.urn, facts, decode(request.old_inputs))
        self._cloud.delete(wanted, object_id=request.id, known=decode(request.properties))
        self._held.gone(request.urn, request.id)
        return empty_pb2.Empty()

    @answered
    def Invoke(self, request: provider_pb2.InvokeRequest) -> provider_pb2.InvokeResponse:
        """Answer the few functions that require no cloud; refuse others."""
        answer = self._dialect.invoke(request.tok)
        response = provider_pb2.InvokeResponse()
        # `return` is a Python keyword, so the field cannot be written as an attribute.
        getattr(response, "return").CopyFrom(encode(answer))
        return response

    def _facts(self, token: str, urn: str) -> TypeFacts:
        """Return the facts of a request's type; old engines name it in the URN only."""
        return self._dialect.find(token or urn.split("::")[2].rsplit("$", 1)[-1])

    def _wanted(
        self,
        urn: str,
        facts: TypeFacts,
        inputs: Properties,
        *,
        before: Properties | None = None,
    ) -> WantedObject:
        held = self._held.of(urn)
        return WantedObject(urn=urn, facts=facts, inputs=inputs, before=before or {}, held=held)

    def _failures(self, facts: TypeFacts, inputs: Properties) -> list[Failure]:
        seen = {
            key: value for key, value in inputs.items() if not facts.open or key in facts.inputs
        }
        spec = self._dialect.spec
        failures = list(check_fields(seen, facts.inputs, spec.objects, owner=facts.token))
        return failures or self._dialect.check_more(facts, inputs)
