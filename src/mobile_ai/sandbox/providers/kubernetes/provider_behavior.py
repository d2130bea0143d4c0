"""Behaviour of the Kubernetes provider: names, namespaces, server-side and immutable fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mobile_ai.sandbox.providers.config import check_config_types
from mobile_ai.sandbox.providers.errors import Failure, ProviderError
from mobile_ai.sandbox.providers.kubernetes.kinds import (
    api_version,
    custom_facts,
    group_of,
    kind_of,
)
from mobile_ai.sandbox.providers.kubernetes.kubeconfig import check_kubeconfig
from mobile_ai.sandbox.providers.kubernetes.quantities import with_canonical_quantities
from mobile_ai.sandbox.providers.naming import NamingRequest, unique_name
from mobile_ai.sandbox.providers.paths import get_path
from mobile_ai.sandbox.providers.provider_behavior import Dialect, Invented
from mobile_ai.sandbox.providers.spec import NamingRule, Spec, TypeFacts
from mobile_ai.sandbox.providers.values import Properties, Value, plain

TABLE: Final = "src/mobile_ai/sandbox/providers/kubernetes/types.yaml"
# Annotation by which the official provider marks generated names.
_AUTONAMED: Final = "pulumi.com/autonamed"
_NAMING: Final = NamingRule(prop="metadata.name", max_length=253, lower=True)
_NAME_DIGITS: Final = 8
_CHANGING: Final = ("metadata.generation", "metadata.resourceVersion")
_SERVER_FIELDS: Final = (*_CHANGING, "metadata.uid", "metadata.creationTimestamp")
_DATA_FIELDS: Final = {
    "kubernetes:core/v1:ConfigMap": ("enableConfigMapMutable", ("data", "binaryData")),
    "kubernetes:core/v1:Secret": ("enableSecretMutable", ("type", "data", "stringData")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    namespace: Value = "default"
    mutable: frozenset[str] = frozenset()


class KubernetesDialect(Dialect):
    """Behaviour of the Kubernetes provider."""

    name = "kubernetes"
    replaces_by_path = True

    def __init__(self, spec: Spec) -> None:
        """Store the type facts."""
        super().__init__(spec)
        self._settings = _Settings()

    def find(self, token: str) -> TypeFacts:
        """Return the facts of a kind of the table, or of a custom resource."""
        facts = self.spec.find(token)
        if facts is not None:
            return facts
        if "." in group_of(token) and group_of(token) not in self.spec.extra["groups"]:
            return custom_facts(token, self.spec)
        raise ProviderError(
            f"the stand-in Kubernetes provider does not know the kind `{token}`: add one entry to "
            f"{TABLE} to teach it",
            code="UNIMPLEMENTED",
        )

    def check_config(self, config: Properties) -> list[Failure]:
        """Check types, and that clusters are on this machine."""
        return [*check_config_types(config, self.spec), *check_kubeconfig(config.get("kubeconfig"))]

    def configure(self, config: Properties) -> None:
        """See ``Dialect.configure``."""
        failures = self.check_config(config)
        if failures:
            raise ProviderError("; ".join(failure.reason for failure in failures))
        self._settings = _Settings(
            namespace=config.get("namespace") or "default",
            mutable=frozenset(key for key, value in config.items() if plain(value) is True),
        )

    def check_more(self, facts: TypeFacts, inputs: Properties) -> list[Failure]:
        """Check that apiVersion and kind agree with the registered type."""
        wanted = {"apiVersion": api_version(facts.token), "kind": kind_of(facts.token)}
        return [
            Failure(prop, f"`{prop}` does not fit the type: got {got!r}, expected {expected!r}")
            for prop, expected in wanted.items()
            if isinstance(got := plain(inputs.get(prop)), str) and got != expected
        ]

    def complete(
        self, facts: TypeFacts, inputs: Properties, *, old: Properties, naming: NamingRequest
    ) -> Properties:
        """Add apiVersion, kind, a name and a namespace; normalise quantities like the server."""
        kind: Properties = {"apiVersion": api_version(facts.token), "kind": kind_of(facts.token)}
        given = inputs.get("metadata", {})
        if not isinstance(given, dict):
            return {**inputs, **kind}
        metadata = dict(given)
        if metadata.get("name") is None and metadata.get("generateName") is None:
            metadata["name"] = _kept_name(old) or unique_name(
                naming, _NAMING, inputs, digits=_NAME_DIGITS
            )
            metadata["annotations"] = _with_mark(metadata.get("annotations"))
        if not facts.cluster_scoped and metadata.get("namespace") is None:
            metadata["namespace"] = self._settings.namespace
        completed: Properties = {**inputs, **kind, "metadata": metadata}
        # Only its definition determines which fields of a custom resource are quantities.
        return completed if facts.open else with_canonical_quantities(completed)

    def computed(self, facts: TypeFacts) -> tuple[str, ...]:
        """Return the fields that the API server sets."""
        status = ("status",) if facts.open or "status" in facts.outputs else ()
        return (*_SERVER_FIELDS, *facts.computed, *status)

    def replacements(self, facts: TypeFacts, inputs: Properties) -> tuple[str, ...]:
        """Return name, namespace, the table's list, and data of immutable maps.

        A ConfigMap or Secret is replaced on a change of its data unless the provider treats it as
        mutable, so that pods using it roll over.
        """
        paths = ("metadata.name", "metadata.namespace", *facts.replace)
        switch, data = _DATA_FIELDS.get(facts.token, ("", ()))
        frozen = switch not in self._settings.mutable or plain(inputs.get("immutable")) is True
        return (*paths, *data) if frozen else paths

    def volatile(self, facts: TypeFacts) -> tuple[str, ...]:  # noqa: ARG002
        """See ``Dialect.volatile``."""
        return _CHANGING

    def name_is_taken(self, facts: TypeFacts, old: Properties, new: Properties) -> bool:  # noqa: ARG002
        """Return whether both objects have the same chosen name and namespace."""
        if _is_autonamed(new):
            return False
        places = ("metadata.name", "metadata.namespace")
        return all(plain(get_path(old, at)) == plain(get_path(new, at)) for at in places)

    def invented(self, facts: TypeFacts, inputs: Properties) -> Invented:
        """Return patterns with the official provider's ID, ``namespace/name``."""
        name, namespace = (
            plain(get_path(inputs, f"metadata.{at}")) for at in ("name", "namespace")
        )
        patterns = {
            "id": f"{namespace}/{name}" if namespace else str(name),
            "metadata.uid": "{uuid}",
            "metadata.resourceVersion": "1",
            "metadata.creationTimestamp": "1970-01-01T00:00:00Z",
            **facts.patterns,
        }
        return Invented(patterns=patterns, known={})

    def invoke(self, token: str) -> Properties:
        """Refuse every function, as all require a cluster or a chart engine."""
        raise ProviderError(
            f"the stand-in Kubernetes provider cannot answer `{token}`: it has no cluster to ask",
            code="UNIMPLEMENTED",
        )


def _is_autonamed(inputs: Properties) -> bool:
    annotations = plain(get_path(inputs, "metadata.annotations"))
    return isinstance(annotations, dict) and plain(annotations.get(_AUTONAMED)) == "true"


def _kept_name(old: Properties) -> str | None:
    name = plain(get_path(old, "metadata.name"))
    return name if _is_autonamed(old) and isinstance(name, str) else None


def _with_mark(annotations: Value) -> Value:
    if annotations is None or isinstance(annotations, dict):
        return {**(annotations or {}), _AUTONAMED: "true"}
    return annotations
